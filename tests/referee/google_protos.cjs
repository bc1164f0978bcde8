// The v25 protos that google-ads-node carries, with the field names of proto3 JSON: require this
// file before google-ads-node.
'use strict';
module.exports = require('./google_names.cjs')('google-ads-node/build/protos/protos.json');
