// What our senders told the platforms of a conversion is judged by the platforms' own libraries:
// Meta's SDK makes the same event of the same raw data (address, telephone, value as a person types
// them) and both must be equal; Google's body must be the proto3 JSON of its message and nothing
// more, with identifiers as Google's pages normalise them. Then the libraries themselves send
// conversions to our simulated ends, which must take them.
//
//   node conversions.cjs BASE_URL EXCHANGES
//
// EXCHANGES has one JSON line per conversion: {"platform", "input", "sent"}. BASE_URL answers
// /counts with what counts. Prints "referee conversions: N judged" and exits 0 when nothing was
// wrong.
'use strict';
const fs = require('node:fs');
const {createHash} = require('node:crypto');
const descriptor = require('./google_names.cjs')('@google-ads/datamanager/build/protos/protos.json');
const protobuf = require('protobufjs');
const {fromProto3JSON, toProto3JSON} = require('proto3-json-serializer');
const {IngestionServiceClient} = require('@google-ads/datamanager').v1;
const {OAuth2Client} = require('google-auth-library');
const {FacebookAdsApi, UserData, CustomData, ServerEvent, EventRequest} =
    require('facebook-nodejs-business-sdk');

const [base, file] = process.argv.slice(2);
let judged = 0;
const wrong = [];
const check = (holds, what) => { if (!holds) wrong.push(what); };
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/// Paths where two values differ; lists must have the same order, members need not.
function differences(ours, theirs, at = '') {
  if (ours === null || theirs === null || typeof ours !== 'object' || typeof theirs !== 'object') {
    return Object.is(ours, theirs) ? []
        : [`${at}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`];
  }
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].flatMap((key) =>
    key in ours && key in theirs ? differences(ours[key], theirs[key], `${at}/${key}`)
        : [`${at}/${key}: only ${key in ours ? 'we have' : 'they have'} it`]);
}

// --- Meta ----------------------------------------------------------------------------------------
Object.defineProperty(FacebookAdsApi, 'GRAPH', {get: () => base, configurable: true});
Object.defineProperty(FacebookAdsApi, 'VERSION', {get: () => 'v26.0', configurable: true});
FacebookAdsApi.init('TOKEN', 'en_US', false);

/// The event as a caller of the SDK would write it: raw data, which the SDK normalises and hashes.
/// External ids are the caller's to hash.
function metaEvent(input) {
  const user = new UserData();
  if (input.email) user.setEmails([input.email]);
  if (input.phone) user.setPhones([input.phone]);
  if (input.visitor) user.setExternalIds([sha256(input.visitor)]);
  if (input.user_agent) user.setClientUserAgent(input.user_agent);
  if (input.fbp) user.setFbp(input.fbp);
  if (input.fbc) user.setFbc(input.fbc);
  else if (input.fbclid) user.setFbc(`fb.1.${input.time * 1000}.${input.fbclid}`);
  const event = new ServerEvent()
      .setEventName(input.event)
      .setEventTime(input.time)
      .setEventId(input.id)
      .setEventSourceUrl(input.url)
      .setActionSource(input.user_agent ? 'website' : 'other')
      .setUserData(user);
  if (input.value) {
    event.setCustomData(new CustomData().setCurrency(input.currency.toLowerCase())
        .setValue(Number(input.value)).setOrderId(input.id));
  }
  return event;
}

// --- Google --------------------------------------------------------------------------------------
const root = protobuf.Root.fromJSON(descriptor);
root.resolveAll();
const kPackage = 'google.ads.datamanager.v1.';

/// developers.google.com/data-manager/api/devguides/events (formatting): trimmed, lower case; Gmail
/// without dots and what follows a plus sign.
function googleEmail(email) {
  let [name, host] = email.trim().toLowerCase().split('@');
  if (host === 'gmail.com' || host === 'googlemail.com') {
    name = name.split('+')[0].replaceAll('.', '');
  }
  return sha256(`${name}@${host}`);
}

function judgeGoogle(input, sent) {
  const found = [];
  const type = root.lookupType(kPackage + 'IngestEventsRequest');
  const {validateOnly, ...body} = sent;  // false is a default, which the serialiser never writes
  // A time has many spellings; the serialiser writes milliseconds.
  body.events = body.events.map((event) =>
    ({...event, eventTimestamp: new Date(event.eventTimestamp).toISOString()}));
  if (validateOnly !== false) found.push('/validateOnly: must be false');
  try {
    found.push(...differences(body, toProto3JSON(fromProto3JSON(type, body))));
  } catch (error) {
    found.push(error.message);
  }
  const event = sent.events[0];
  const wanted = [];
  if (input.email) wanted.push({emailAddress: googleEmail(input.email)});
  if (input.phone) wanted.push({phoneNumber: sha256('+' + input.phone.replace(/\D/g, ''))});
  found.push(...differences(event.userData?.userIdentifiers ?? [], wanted, '/userIdentifiers'));
  if (input.gclid && event.adIdentifiers?.gclid !== input.gclid) found.push('/gclid');
  if (input.value && event.conversionValue !== Number(input.value)) found.push('/conversionValue');
  if (input.value && event.currency !== input.currency) found.push('/currency');
  if (event.transactionId !== input.id) found.push('/transactionId');
  if (Date.parse(event.eventTimestamp) !== input.time * 1000) found.push('/eventTimestamp');
  return found;
}

class LocalAuth extends OAuth2Client {
  async getUniverseDomain() { return 'googleapis.com'; }
}

async function main() {
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(JSON.parse);
  for (const {platform, input, sent} of lines) {
    ++judged;
    const found = platform === 'meta' ? differences(sent, metaEvent(input).normalize())
                                      : judgeGoogle(input, sent);
    for (const one of found) wrong.push(`${platform}, ${input.id}: ${one}`);
  }
  const counts = async () => (await fetch(`${base}/counts`)).json();
  const before = await counts();

  // Meta's SDK sends: once, again with the same id, and as a rehearsal.
  const input = {event: 'Purchase', time: Math.floor(Date.parse(before.now) / 1000) - 60,
                 id: 'sdk-1', url: 'https://shop.example/', email: 'SDK@Example.com',
                 phone: '+1 (650) 555-1212', user_agent: 'Mozilla/5.0', value: '12.50',
                 currency: 'EUR'};
  const request = () => new EventRequest('TOKEN', before.pixel, [metaEvent(input)]);
  for (const send of [request(), request(), request().setTestEventCode('TEST1')]) {
    ++judged;
    const answer = await send.execute();
    check(answer.events_received === 1, `Meta's SDK: ${JSON.stringify(answer)}`);
    check(typeof answer.fbtrace_id === 'string', 'Meta: fbtrace_id');
  }
  // What the SDK leaves as it is and Meta refuses, our end refuses too.
  ++judged;
  const old = metaEvent({...input, id: 'sdk-2', time: input.time - 8 * 86400});
  await new EventRequest('TOKEN', before.pixel, [old]).execute().then(
    () => check(false, 'Meta: an event of last week was taken'),
    (error) => check(JSON.stringify(error).includes('2804003'), `Meta: ${JSON.stringify(error)}`));

  // Google's client sends: judged only, and in earnest; then asks what became of it.
  const origin = new URL(base);
  const auth = new LocalAuth();
  auth.setCredentials({access_token: 'TOKEN', expiry_date: Date.now() + 3600e3});
  const google = new IngestionServiceClient({fallback: true, apiEndpoint: origin.hostname,
    port: Number(origin.port), protocol: 'http', authClient: auth});
  const ingest = (validateOnly) => google.ingestEvents({
    destinations: [{reference: 'd1', productDestinationId: before.action,
                    operatingAccount: {accountType: 'GOOGLE_ADS', accountId: '1234567890'}}],
    events: [{destinationReferences: ['d1'], transactionId: 'sdk-1', eventSource: 'WEB',
              eventTimestamp: {seconds: input.time},
              adIdentifiers: {gclid: 'Cj0abc'},
              userData: {userIdentifiers: [{emailAddress: googleEmail(input.email)}]},
              consent: {adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_GRANTED'},
              currency: 'EUR', conversionValue: 12.5}],
    encoding: 'HEX', validateOnly});
  judged += 3;
  await ingest(true);
  const [taken] = await ingest(false);
  check(typeof taken.requestId === 'string' && taken.requestId !== '', 'Google: requestId');
  const [status] = await google.retrieveRequestStatus({requestId: taken.requestId});
  const one = status.requestStatusPerDestination?.[0];
  check(['PROCESSING', 'SUCCESS'].includes(String(one?.requestStatus)) ||
        Number.isInteger(one?.requestStatus), `Google: ${JSON.stringify(status)}`);

  const after = await counts();
  const grown = (name, member) => (after[name]?.[member] ?? 0) - (before[name]?.[member] ?? 0);
  for (const [name, member, by] of [['meta', 'counted', 1], ['meta', 'duplicates', 1],
                                    ['meta', 'rehearsed', 1], ['google', 'counted', 1],
                                    ['google', 'rehearsed', 1]]) {
    check(grown(name, member) === by, `${name}: ${member} grew by ${grown(name, member)}, not ${by}`);
  }
}

main().catch((error) => wrong.push(`${error.stack || JSON.stringify(error)}`)).finally(() => {
  for (const what of wrong) console.log(`wrong: ${what}`);
  console.log(`referee conversions: ${judged} judged`);
  process.exit(wrong.length === 0 && judged > 0 ? 0 : 1);
});
