// Writes the built files as one C++ source: node embed.mjs DIST OUT.cc
// The same files give the same bytes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [dist, out] = process.argv.slice(2);
const kTypes = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
};

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

/** Bytes as C++ string literals of a bearable length; octal escapes end by themselves. */
function literal(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    let line = '';
    for (const byte of bytes.subarray(at, at + 4096)) {
      const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
      line += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
    }
    lines.push(`    "${line}"`);
  }
  return lines.join('\n');
}

const pages = [];
for (const path of [...files(dist)].sort()) {
  const name = `/${relative(dist, path).split(sep).join('/')}`;
  const type = kTypes[name.slice(name.lastIndexOf('.') + 1)];
  if (!type) throw new Error(`embed.mjs: ${name} is of no known type; add it to kTypes`);
  const raw = readFileSync(path);
  const gzip = gzipSync(raw, { level: 9 });
  // Brotli's best at the size of these files costs a second in all, once a build.
  const brotli = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } });
  pages.push({ name, type, gzip, brotli, immutable: name.startsWith('/assets/') });
}
if (!pages.some((page) => page.name === '/index.html')) throw new Error(`embed.mjs: ${dist} has no index.html`);

const rows = pages.map(
  ({ name, type, gzip, brotli, immutable }) => `    {"${name}", "${type}",
     std::string_view(
${literal(gzip)},
         ${gzip.length}),
     std::string_view(
${literal(brotli)},
         ${brotli.length}),
     ${immutable}},`,
);
writeFileSync(
  out,
  `// Made by web/dashboard/embed.mjs of the files that Vite built.
#include "app/api/pages.h"

namespace maxopt {
namespace {
constexpr Page kPages[] = {
${rows.join('\n')}
};
}  // namespace

std::span<const Page> BuiltPages() { return kPages; }

}  // namespace maxopt
`,
);
const sum = (of) => pages.reduce((total, page) => total + page[of].length, 0);
console.log(`dashboard: ${pages.length} files, ${sum('gzip')} bytes by gzip, ${sum('brotli')} by brotli`);
