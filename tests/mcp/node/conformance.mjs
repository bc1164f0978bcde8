// Runs the official conformance suite against a server and judges by the checks that it wrote, not
// by the ticks that it prints: a tick may stand above warnings, or above a tool that is not there.
//
//   conformance.mjs URL modern             the requirement run of 2026-07-28
//   conformance.mjs URL legacy             the suite of the releases before it
//   conformance.mjs URL 2025-11-25 | ...   today's suite at an older revision
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [url, suite] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));
const packages = { modern: '@modelcontextprotocol/conformance', legacy: 'conformance-legacy' };
const program = join(here, 'node_modules', packages[suite] ?? packages.modern, 'dist/index.js');
const out = mkdtempSync(join(tmpdir(), 'conformance-'));
const more = suite === 'modern' ? ['--requirements', '2026-07-28']
  : suite === 'legacy' ? [] : ['--spec-version', suite];
const run = spawnSync(process.execPath, [program, 'server', '--url', url, '-o', out, ...more],
                      { encoding: 'utf8', timeout: 300_000 });

// The tasks extension is not offered; its scenarios are run by the suite and never scored.
const isExtension = (scenario) => scenario.startsWith('server-tasks-') || scenario.startsWith('tasks-');
const counts = {};
const bad = [];
const seen = new Set();
for (const folder of existsSync(out) ? readdirSync(out, { recursive: true }) : []) {
  if (!folder.endsWith('checks.json')) continue;
  const scenario = folder.split('/').at(-2);
  if (isExtension(scenario)) continue;
  seen.add(scenario.replace(/-\d{4}-\d\d-\d\dT.*$/, '').replace(/^server-(?!initialize|stateless|sse|session)/, ''));
  for (const check of JSON.parse(readFileSync(join(out, folder), 'utf8'))) {
    counts[check.status] = (counts[check.status] ?? 0) + 1;
    if (check.status === 'FAILURE' || check.status === 'WARNING') {
      bad.push(`${scenario}: ${check.status} ${check.id}: ${check.errorMessage ?? ''}`);
    }
  }
}
rmSync(out, { recursive: true, force: true });
console.log(`${suite}: ${seen.size} scenarios, checks ${JSON.stringify(counts)}`);
for (const line of bad) console.log(line);
// So many at least were there when this was written: fewer means that something did not run.
const least = { modern: [37, 150], legacy: [30, 39], '2025-11-25': [30, 70], '2025-06-18': [20, 50], '2025-03-26': [1, 3] }[suite];
const enough = seen.size >= least[0] && (counts.SUCCESS ?? 0) >= least[1];
if (!enough) console.log(`too little ran (${seen.size} scenarios)\n${run.stdout}\n${run.stderr}`);
process.exit(bad.length === 0 && enough ? 0 : 1);
