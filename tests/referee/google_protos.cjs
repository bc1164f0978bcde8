// The v25 protos that google-ads-node carries, with the field names of proto3 JSON.
//
// google-ads-node ships them with snake_case names, as its gRPC clients use them. Its REST
// transport (google-gax's fallback) fills URLs and bodies by camelCase names and finds none. So the
// descriptor is renamed here and put in place of the package's own: require this file before
// google-ads-node.
'use strict';
const {Module} = require('node:module');
const fs = require('node:fs');

const camel = (name) => name[0] === '_'  // names of synthetic oneofs keep their underscore
    ? '_' + camel(name.slice(1))
    : name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

const renamed = (entries) =>
    Object.fromEntries(Object.entries(entries).map(([name, value]) => [camel(name), value]));

function rename(node) {
  if (node.fields) node.fields = renamed(node.fields);
  if (node.oneofs) {
    node.oneofs = renamed(node.oneofs);
    for (const one of Object.values(node.oneofs)) one.oneof = one.oneof.map(camel);
  }
  for (const child of Object.values(node.nested || {})) rename(child);
  return node;
}

const file = require.resolve('google-ads-node/build/protos/protos.json');
const descriptor = rename(JSON.parse(fs.readFileSync(file, 'utf8')));
const stand = new Module(file);
stand.filename = file;
stand.loaded = true;
stand.exports = descriptor;
require.cache[file] = stand;

module.exports = descriptor;
