// Judges recorded exchanges against the official protos: every body, of requests and of answers,
// must be the proto3 JSON of its message and nothing more.
//
// The serialiser drops what it does not know without a word, so a body is parsed by its type,
// written again, and compared key by key: what is missing was an unknown field, a bad enum, a wrong
// name. int64 must be text, as Google sends it, which the serialiser does not insist on.
//
// The simulator's own table of messages is compared with the protos as well.
//
// Usage: node google_strict.cjs EXCHANGES SCHEMA
// EXCHANGES has one JSON line per exchange: {"from","method","url","request","status","response",
// "malformed"}; SCHEMA is {"roots":[..],"messages":{name:{field:{kind,repeated,values,message}}}}.
'use strict';
const fs = require('node:fs');
const descriptor = require('./google_protos.cjs');
const protobuf = require('protobufjs');
const {fromProto3JSON, toProto3JSON} = require('proto3-json-serializer');

const root = protobuf.Root.fromJSON(descriptor);
root.resolveAll();
const kVersion = 'google.ads.googleads.v25.';
const camelless = (name) => name.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase());
const typeOf = (name) => root.lookupType(kVersion + name);

/// Paths of all differences between what was sent and what came back.
function differences(sent, back, at = '') {
  if (sent === null || typeof sent !== 'object') {
    return Object.is(sent, back) ? [] : [`${at}: sent ${JSON.stringify(sent)}, read ${JSON.stringify(back)}`];
  }
  if (Array.isArray(sent) && Array.isArray(back) && sent.length !== back.length) {
    return [`${at}: sent ${sent.length} elements, read ${back.length}`];
  }
  return Object.keys(sent).flatMap((key) =>
    back && typeof back === 'object' && key in back
      ? differences(sent[key], back[key], `${at}/${key}`)
      : [`${at}/${key}: is no field of the message, has a wrong value, or is a default that is ` +
         'never written']);
}

/// Fields of 64 bits that are not text.
function barNumbers(type, value, at = '') {
  if (value === null || typeof value !== 'object' || !type.fieldsArray) return [];
  return type.fieldsArray.flatMap((field) => {
    if (!(field.name in value)) return [];
    const found = [];
    const list = field.repeated ? value[field.name] : [value[field.name]];
    for (const one of Array.isArray(list) ? list : [list]) {
      if (/^(u?int64|s?fixed64|sint64)$/.test(field.type) && typeof one !== 'string') {
        found.push(`${at}/${field.name}: a 64-bit number that is no text`);
      }
      if (field.resolvedType instanceof protobuf.Type) {
        found.push(...barNumbers(field.resolvedType, one, `${at}/${field.name}`));
      }
    }
    return found;
  });
}

/// google.protobuf.Any in JSON: the type is named and judged by its name.
function judgeDetails(details, at) {
  return (details || []).flatMap((detail, i) => {
    const {'@type': url, ...body} = detail;
    if (url === 'type.googleapis.com/google.rpc.BadRequest') {
      return Object.keys(body).join() === 'fieldViolations' ? [] : [`${at}/${i}: no BadRequest`];
    }
    if (url !== `type.googleapis.com/${kVersion}errors.GoogleAdsFailure`) {
      return [`${at}/${i}: unknown detail ${url}`];
    }
    return judge(typeOf('errors.GoogleAdsFailure'), body, `${at}/${i}`);
  });
}

function judgeError(error, at) {
  const known = ['code', 'message', 'status', 'details'];
  const extra = Object.keys(error).filter((key) => !known.includes(key));
  return [...extra.map((key) => `${at}/${key}: unknown in an error`),
          ...(Number.isInteger(error.code) ? [] : [`${at}/code: no number`]),
          ...(typeof error.message === 'string' ? [] : [`${at}/message: no text`]),
          ...judgeDetails(error.details, `${at}/details`)];
}

function judge(type, body, at = '') {
  // The serialiser cannot open an Any of a type that it is not told of: judge it by hand.
  const {partialFailureError, ...rest} = body;
  const found = partialFailureError ? judgeError(partialFailureError, `${at}/partialFailureError`) : [];
  found.push(...barNumbers(type, rest, at));
  try {
    found.push(...differences(rest, toProto3JSON(fromProto3JSON(type, rest)), at));
  } catch (error) {
    found.push(`${at}: ${error.message}`);
  }
  return found;
}

/// Method of a URL -> [request, response].
function typesOf(path) {
  const method = path.replace(/^\/v\d+\/customers\/\d+\//, '');
  switch (method) {
    case 'googleAds:search': return ['SearchGoogleAdsRequest', 'SearchGoogleAdsResponse'];
    case 'googleAds:searchStream':
      return ['SearchGoogleAdsStreamRequest', 'SearchGoogleAdsStreamResponse'];
    case 'googleAds:mutate': return ['MutateGoogleAdsRequest', 'MutateGoogleAdsResponse'];
  }
  const collection = /^(\w+):mutate$/.exec(method);
  if (!collection) return null;
  const name = collection[1][0].toUpperCase() + collection[1].slice(1);
  return [`Mutate${name}Request`, `Mutate${name}Response`];
}

let bodies = 0;
const wrong = [];
const judged = {};
for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const exchange = JSON.parse(line);
  const path = exchange.url.replace(/^https?:\/\/[^/]+/, '').replace(/\?.*$/, '');
  const tell = (side, found) => {
    ++bodies;
    judged[`${exchange.from} ${side}`] = (judged[`${exchange.from} ${side}`] || 0) + 1;
    for (const one of found) wrong.push(`${exchange.from}: ${side} of ${path}: ${one}`);
  };
  if (path.endsWith('/token')) continue;  // OAuth's JSON, not a proto's
  if (path.endsWith('customers:listAccessibleCustomers')) {
    const body = JSON.parse(exchange.response);
    tell('answer', body.error ? judgeError(body.error, '')
        : judge(typeOf('services.ListAccessibleCustomersResponse'), body));
    continue;
  }
  const types = typesOf(path);
  if (!types) {
    wrong.push(`no message is known for ${path}`);
    continue;
  }
  // What is meant to be refused as no message at all is judged by its answer only.
  if (!exchange.malformed) tell('request', judge(typeOf(`services.${types[0]}`), JSON.parse(exchange.request)));
  const answer = JSON.parse(exchange.response);
  if (Array.isArray(answer) !== path.endsWith(':searchStream')) {
    wrong.push(`${path}: a stream answers an array, and nothing else does`);
  }
  for (const part of Array.isArray(answer) ? answer : [answer]) {
    tell('answer', part.error ? judgeError(part.error, '') : judge(typeOf(`services.${types[1]}`), part));
  }
  const failed = Boolean((Array.isArray(answer) ? answer[0] : answer).error);
  if ((exchange.status === 200) === failed) {
    wrong.push(`${path}: status ${exchange.status} does not fit its body`);
  }
}
// Fields and enums that the simulator declares, from the roots down.
let fields = 0;
if (process.argv[3]) {
  const schema = JSON.parse(fs.readFileSync(process.argv[3], 'utf8'));
  const scalars = {string: 'string', bool: 'bool', int32: 'int32', int64: 'int64',
                   double: 'double', bytes: 'bytes'};
  const seen = new Set();
  const compare = (ours, type, at) => {
    if (seen.has(`${ours} ${type.fullName}`)) return;
    seen.add(`${ours} ${type.fullName}`);
    for (const [name, field] of Object.entries(schema.messages[ours])) {
      ++fields;
      const theirs = type.fields[name];
      const place = `${at}.${name}`;
      if (!theirs) {
        wrong.push(`schema: ${place} is no field of ${type.fullName}`);
        continue;
      }
      if (Boolean(theirs.repeated) !== field.repeated) wrong.push(`schema: ${place}: repeated`);
      if (scalars[field.kind]) {
        const fits = theirs.type === scalars[field.kind] ||
            (field.kind === 'double' && theirs.type === 'float');
        if (!fits) wrong.push(`schema: ${place} is ${theirs.type}, not ${field.kind}`);
      } else if (field.kind === 'mask') {
        if (theirs.type !== 'google.protobuf.FieldMask') wrong.push(`schema: ${place}: no mask`);
      } else if (field.kind === 'enum') {
        if (!(theirs.resolvedType instanceof protobuf.Enum)) {
          wrong.push(`schema: ${place} is no enum`);
        } else {
          for (const value of field.values) {
            if (!(value in theirs.resolvedType.values)) wrong.push(`schema: ${place}: no ${value}`);
          }
        }
      } else if (!(theirs.resolvedType instanceof protobuf.Type)) {
        wrong.push(`schema: ${place} is no message`);
      } else {
        compare(field.message, theirs.resolvedType, place);
      }
      const group = theirs.partOf && !theirs.partOf.name.startsWith('_') ? camelless(theirs.partOf.name) : '';
      if (group !== field.oneof) wrong.push(`schema: ${place}: oneof "${field.oneof}", not "${group}"`);
    }
  };
  const find = (name) => {
    for (const place of ['common.', 'resources.', 'services.']) {
      const type = root.lookup(kVersion + place + name);
      if (type) return type;
    }
    return null;
  };
  for (const name of schema.roots) {
    const type = find(name);
    if (type) compare(name, type, name); else wrong.push(`schema: no message ${name}`);
  }
  console.log(`schema: ${fields} fields compared`);
}
for (const what of wrong.slice(0, 50)) console.log(`wrong: ${what}`);
console.log('judged against the protos:', JSON.stringify(judged));
console.log(`referee google: ${bodies} bodies judged (v25 protos)`);
process.exit(wrong.length === 0 && bodies > 0 ? 0 : 1);
