// Google's packages ship their protos with snake_case names, as their gRPC clients use them. Their
// REST transport (google-gax's fallback) fills URLs and bodies by camelCase names and finds none. So
// a descriptor is renamed here to the names of proto3 JSON and put in place of the package's own:
// call it before the package is required.
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

/// `name` as require knows it: "google-ads-node/build/protos/protos.json". Gives the descriptor.
module.exports = (name) => {
  const file = require.resolve(name);
  const descriptor = rename(JSON.parse(fs.readFileSync(file, 'utf8')));
  const stand = new Module(file);
  stand.filename = file;
  stand.loaded = true;
  stand.exports = descriptor;
  require.cache[file] = stand;
  return descriptor;
};
