// What a first visit loads before any chart: the page, its script and style, and what they import.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = new URL('../dist/', import.meta.url);
const kMost = 150_000;
const built = existsSync(new URL('index.html', dist));

test.runIf(built)('the first load is at most 150 kB by gzip', () => {
  const page = readFileSync(new URL('index.html', dist), 'utf8');
  const names = new Set([...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((found) => found[1]!));
  const entry = [...names].find((name) => name.endsWith('.js'))!;
  // The overview is what opens first: what its import asks for, and what those import.
  const asked = /"(assets\/Overview-[^"]+\.js)"/.exec(readFileSync(new URL(entry, dist), 'utf8'));
  expect(asked).not.toBeNull();
  names.add(asked![1]!);
  const wait = [...names];
  for (let name = wait.pop(); name !== undefined; name = wait.pop()) {
    if (!name.endsWith('.js')) continue;
    // Static imports only: what import() asks for comes later.
    for (const found of readFileSync(new URL(name, dist), 'utf8').matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) {
      const next = `assets/${found[1]!}`;
      if (!names.has(next)) wait.push(next);
      names.add(next);
    }
  }
  const bytes = [...names].reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length, gzipSync(page).length);
  console.log(`first load: ${names.size + 1} files, ${bytes} bytes`);
  expect([...names].some((name) => /plot-|uplot-/.test(name))).toBe(false);
  expect(bytes).toBeLessThanOrEqual(kMost);
});
test.runIf(built)('the page needs nothing that a strict policy refuses', () => {
  expect(readFileSync(new URL('index.html', dist), 'utf8')).not.toMatch(/<style|style="|<script(?![^>]*src=)|\son\w+="|https?:\/\//);
});
