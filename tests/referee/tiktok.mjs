// TikTok's official SDK drives a simulated Business API over real sockets, and this file judges what
// comes back. The SDK checks paths, headers, the envelope and its code, and types no data, so the
// members and their types are checked here.
//
//   node tiktok.mjs BASE_URL
//
// BASE_URL has advertiser 7001 with a delivering campaign "Seed". Prints "referee tiktok: N calls
// judged" and exits 0 when nothing was wrong.
import {createHash} from 'node:crypto';
import {AccountManagementApi, AdApi, AdgroupApi, ApiClient, AuthenticationApi, CampaignCreationApi,
        FileApi, MeasurementApi, ReportingApi, ToolApi} from 'tiktok-business-api-sdk-official';

const [base] = process.argv.slice(2);
const TOKEN = 'TOKEN';
const ADVERTISER = '7001';
ApiClient.instance.basePath = base;

let calls = 0;
const wrong = [];
const check = (holds, what) => { if (!holds) wrong.push(what); };

/// Calls a method of the SDK, its callback last; resolves to {error, data, body} and judges the
/// envelope.
function call(api, method, ...args) {
  ++calls;
  return new Promise((resolve) => {
    api[method](...args, (error, data, response) => {
      const body = response?.body ?? {};
      check(response?.status === 200, `${method}: HTTP ${response?.status}`);
      check(Number.isInteger(body.code) || error === null, `${method}: no code`);
      const requestId = data?.request_id ?? body.request_id;
      check(typeof requestId === 'string' && requestId.length > 10, `${method}: request_id`);
      resolve({error, data: data?.data ?? body.data, body});
    });
  });
}
async function good(api, method, ...args) {
  const answer = await call(api, method, ...args);
  check(!answer.error, `${method}: ${answer.error?.message}`);
  return answer.data ?? {};
}
async function refused(code, api, method, ...args) {
  const {error} = await call(api, method, ...args);
  check(error && error.message.includes(`code: ${code}`),
        `${method}: wanted code ${code}, got ${error?.message ?? 'success'}`);
  check(/request_id:\S+ message: \S/.test(error?.message ?? ''), `${method}: ${error?.message}`);
}

// s: text   i: whole number   n: any number   b: boolean   l: list of texts   o: list of objects
const TYPES = {
  s: (v) => typeof v === 'string',
  i: Number.isInteger,
  n: (v) => typeof v === 'number',
  b: (v) => typeof v === 'boolean',
  l: (v) => Array.isArray(v) && v.every((e) => typeof e === 'string'),
  o: (v) => Array.isArray(v) && v.every((e) => e && typeof e === 'object'),
};
const time = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
const common = {advertiser_id: 's', campaign_id: 's', operation_status: 's', secondary_status: 's',
                create_time: 's', modify_time: 's', is_new_structure: 'b'};
const CAMPAIGN = {...common, campaign_name: 's', campaign_type: 's', objective_type: 's',
                  budget: 'n', budget_mode: 's', budget_optimize_on: 'b'};
const ADGROUP = {...common, campaign_name: 's', adgroup_id: 's', adgroup_name: 's', budget: 'n',
                 budget_mode: 's', billing_event: 's', optimization_goal: 's', pacing: 's',
                 schedule_type: 's', schedule_start_time: 's', bid_type: 's', placement_type: 's',
                 location_ids: 'l', gender: 's'};
const AD = {...common, adgroup_id: 's', adgroup_name: 's', ad_id: 's', ad_name: 's', ad_format: 's',
            ad_text: 's', image_ids: 'l', identity_id: 's', identity_type: 's',
            landing_page_url: 's'};
const PIXEL_SHAPE = {pixel_id: 's', pixel_code: 's', pixel_name: 's', pixel_setup_mode: 's',
                     create_time: 's', events: 'o'};
const VIDEO = {video_id: 's', material_id: 's', file_name: 's', signature: 's', format: 's',
               width: 'i', height: 'i', size: 'i', duration: 'n', displayable: 'b',
               video_cover_url: 's'};
const IMAGE = {image_id: 's', material_id: 's', file_name: 's', signature: 's', format: 's',
               width: 'i', height: 'i', size: 'i', displayable: 'b', image_url: 's'};
function shaped(object, shape, where) {
  for (const [name, type] of Object.entries(shape)) {
    check(object && TYPES[type](object[name]), `${where}.${name}: ${JSON.stringify(object?.[name])}`);
    if (name.endsWith('_time')) check(time.test(object?.[name]), `${where}.${name} is no time`);
    if (name.endsWith('_id') && type === 's' && name !== 'image_id' && name !== 'video_id') {
      check(/^\d+$/.test(object?.[name]), `${where}.${name} is no id: ${object?.[name]}`);
    }
  }
}
function paged(data, shape, where) {
  check(Array.isArray(data.list), `${where}: no list`);
  const info = data.page_info ?? {};
  for (const name of ['page', 'page_size', 'total_number', 'total_page']) {
    check(Number.isInteger(info[name]), `${where}.page_info.${name}`);
  }
  for (const entry of data.list ?? []) shaped(entry, shape, where);
}

// A PNG of one grey pixel.
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64');
const campaigns = new CampaignCreationApi();
const adgroups = new AdgroupApi();
const ads = new AdApi();
const files = new FileApi();
const reports = new ReportingApi();
const accounts = new AccountManagementApi();

async function main() {
  // --- who we are
  const auth = new AuthenticationApi();
  const granted = await good(auth, 'oauth2AccessToken',
                             {body: {app_id: '11', secret: 's', auth_code: 'c'}});
  check(granted.access_token === TOKEN, 'oauth2AccessToken: access_token');
  check(TYPES.l(granted.advertiser_ids), 'oauth2AccessToken: advertiser_ids');
  const reach = await good(auth, 'oauth2AdvertiserGet', '11', 's', TOKEN);
  check(reach.list?.[0]?.advertiser_id === ADVERTISER, 'oauth2AdvertiserGet: list');
  const info = await good(accounts, 'advertiserInfo', [ADVERTISER], TOKEN,
                          {fields: ['name', 'currency', 'display_timezone', 'status']});
  shaped(info.list?.[0], {advertiser_id: 's', name: 's', currency: 's', display_timezone: 's',
                          status: 's'}, 'advertiserInfo');
  const regions = await good(new ToolApi(), 'toolRegion', ADVERTISER, ['PLACEMENT_TIKTOK'],
                             'TRAFFIC', TOKEN, {});
  const germany = regions.region_info?.find((r) => r.region_code === 'DE');
  shaped(germany, {location_id: 's', name: 's', level: 's'}, 'toolRegion');
  const states = await good(new ToolApi(), 'toolRegion', ADVERTISER, ['PLACEMENT_TIKTOK'],
                            'TRAFFIC', TOKEN, {level_range: 'TO_PROVINCE'});
  const bavaria = states.region_info?.find((r) => r.name === 'Bavaria');
  check(bavaria?.parent_id === germany?.location_id && bavaria?.level === 'PROVINCE',
        `toolRegion: ${JSON.stringify(bavaria)}`);

  // --- pixels and their events
  const measurement = new MeasurementApi();
  const pixels = await good(measurement, 'pixelList', ADVERTISER, TOKEN, {});
  const old = pixels.pixels?.[0];
  shaped(old, PIXEL_SHAPE, 'pixelList');
  check(old?.events?.some((e) => e.optimization_event === 'SHOPPING'), 'pixelList: events');
  const pixel = await good(measurement, 'pixelCreate', TOKEN,
                           {body: {advertiser_id: ADVERTISER, pixel_name: 'Referee pixel'}});
  shaped(pixel, {pixel_id: 's', pixel_code: 's', pixel_name: 's'}, 'pixelCreate');
  await good(measurement, 'pixelUpdate', TOKEN,
             {body: {advertiser_id: ADVERTISER, pixel_id: pixel.pixel_id, pixel_name: 'Renamed'}});
  const taught = {advertiser_id: ADVERTISER, pixel_id: pixel.pixel_id,
                  pixel_events: [{event_type: 'SHOPPING', event_name: 'purchase'}]};
  await good(measurement, 'pixelEventCreate', TOKEN, {body: taught});
  await refused(40002, measurement, 'pixelEventCreate', TOKEN, {body: taught});
  const renamed = await good(measurement, 'pixelList', ADVERTISER, TOKEN,
                             {pixel_id: pixel.pixel_id, page_size: 20});
  check(renamed.pixels?.length === 1 && renamed.pixels[0].pixel_name === 'Renamed' &&
        renamed.pixels[0].events?.[0]?.optimization_event === 'SHOPPING' &&
        renamed.page_info?.total_number === 1, `pixelList: ${JSON.stringify(renamed)}`);
  check((await good(measurement, 'pixelList', ADVERTISER, TOKEN, {name: 'renam'})).pixels
          ?.length === 1, 'pixelList: name is fuzzy');
  await refused(40002, measurement, 'pixelCreate', TOKEN,
                {body: {advertiser_id: ADVERTISER, pixel_name: 'x'.repeat(41)}});
  await refused(40002, measurement, 'pixelList', ADVERTISER, TOKEN, {page_size: 21});
  await refused(40007, measurement, 'pixelUpdate', TOKEN,
                {body: {advertiser_id: ADVERTISER, pixel_id: '5', pixel_name: 'x'}});

  // --- a campaign, sent twice under one request_id
  const body = {advertiser_id: ADVERTISER, campaign_name: 'Referee', objective_type: 'TRAFFIC',
                budget_mode: 'BUDGET_MODE_DAY', budget: 99.99, operation_status: 'DISABLE',
                request_id: '9007199254740993'};
  const first = await good(campaigns, 'campaignCreate', TOKEN, {body});
  const second = await good(campaigns, 'campaignCreate', TOKEN, {body});
  shaped(first, CAMPAIGN, 'campaignCreate');
  check(first.campaign_id === second.campaign_id, 'one request_id made two campaigns');
  await refused(40002, campaigns, 'campaignCreate', TOKEN,
                {body: {...body, campaign_name: 'Another'}});
  const campaign_id = first.campaign_id;
  let listed = await good(campaigns, 'campaignGet', ADVERTISER, TOKEN,
                          {filtering: {campaign_name: 'referee'}, page_size: 10});
  paged(listed, CAMPAIGN, 'campaignGet');
  check(listed.page_info?.total_number === 1, 'campaignGet: the campaign is there once');
  check(listed.list?.[0]?.budget === 99.99, `campaignGet: budget ${listed.list?.[0]?.budget}`);
  check(listed.list?.[0]?.operation_status === 'DISABLE', 'campaignGet: operation_status');
  await good(campaigns, 'campaignUpdate', TOKEN,
             {body: {advertiser_id: ADVERTISER, campaign_id, budget: 120.5}});
  listed = await good(campaigns, 'campaignGet', ADVERTISER, TOKEN,
                      {filtering: {campaign_ids: [campaign_id]},
                       fields: ['campaign_id', 'budget']});
  check(listed.list?.[0]?.budget === 120.5, 'campaignUpdate: budget');
  check(Object.keys(listed.list?.[0] ?? {}).length === 2, 'campaignGet: fields are cut');

  // --- an ad group
  const group = {advertiser_id: ADVERTISER, campaign_id, adgroup_name: 'Referee group',
                 billing_event: 'CPC', optimization_goal: 'CLICK', budget: 30,
                 budget_mode: 'BUDGET_MODE_DAY', pacing: 'PACING_MODE_SMOOTH',
                 schedule_type: 'SCHEDULE_FROM_NOW', schedule_start_time: '2026-09-01 00:00:00',
                 location_ids: [germany?.location_id], promotion_type: 'WEBSITE',
                 operation_status: 'DISABLE', request_id: '42'};
  const made = await good(adgroups, 'adgroupCreate', TOKEN, {body: group});
  shaped(made, ADGROUP, 'adgroupCreate');
  const adgroup_id = made.adgroup_id;
  await good(adgroups, 'adgroupUpdate', TOKEN,
             {body: {advertiser_id: ADVERTISER, adgroup_id, budget: 45.25}});
  paged(await good(adgroups, 'adgroupGet', ADVERTISER, TOKEN,
                   {filtering: {campaign_ids: [campaign_id]}}), ADGROUP, 'adgroupGet');
  for (const [field, value] of [['billing_event', 'CPM'], ['budget', 19], ['budget', 30.001],
                                ['schedule_start_time', 'today'], ['location_ids', ['0']],
                                ['optimization_goal', 'FAME']]) {
    await refused(40002, adgroups, 'adgroupCreate', TOKEN,
                  {body: {...group, request_id: undefined, [field]: value}});
  }
  await refused(40002, adgroups, 'adgroupUpdate', TOKEN,
                {body: {advertiser_id: ADVERTISER, adgroup_id, budget_mode: 'BUDGET_MODE_TOTAL'}});

  // --- hours, places, and what only reach and value have
  const mornings = ('0'.repeat(16) + '1'.repeat(8) + '0'.repeat(24)).repeat(7);
  await good(adgroups, 'adgroupUpdate', TOKEN, {body: {advertiser_id: ADVERTISER, adgroup_id,
    dayparting: mornings, location_ids: [bavaria?.location_id]}});
  const timed = (await good(adgroups, 'adgroupGet', ADVERTISER, TOKEN,
                            {filtering: {adgroup_ids: [adgroup_id]}})).list?.[0];
  check(timed?.dayparting === mornings, 'adgroupUpdate: dayparting');
  check(timed?.location_ids?.join() === bavaria?.location_id, 'adgroupUpdate: location_ids');
  for (const wrongly of [{dayparting: '01'}, {frequency: 3, frequency_schedule: 7},
                         {location_ids: [germany?.location_id, bavaria?.location_id]},
                         {pacing: 'PACING_MODE_FAST'}, {deep_bid_type: 'VO_HIGHEST_VALUE'},
                         {click_attribution_window: 'ONE_DAY'}]) {
    await refused(40002, adgroups, 'adgroupUpdate', TOKEN,
                  {body: {advertiser_id: ADVERTISER, adgroup_id, ...wrongly}});
  }
  const objective = async (objective_type) => (await good(campaigns, 'campaignCreate', TOKEN,
    {body: {advertiser_id: ADVERTISER, campaign_name: objective_type, objective_type}})).campaign_id;
  const bare = {...group, request_id: undefined, promotion_type: undefined};
  const capped = await good(adgroups, 'adgroupCreate', TOKEN, {body: {...bare,
    campaign_id: await objective('REACH'), optimization_goal: 'REACH', billing_event: 'CPM',
    frequency: 3, frequency_schedule: 7}});
  check(capped.frequency === 3 && capped.frequency_schedule === 7, 'adgroupCreate: frequency');
  const sales = {...bare, campaign_id: await objective('WEB_CONVERSIONS'), billing_event: 'OCPM',
                 optimization_goal: 'VALUE', optimization_event: 'SHOPPING',
                 pixel_id: pixel.pixel_id, bid_type: 'BID_TYPE_NO_BID',
                 click_attribution_window: 'TWENTY_EIGHT_DAYS', view_attribution_window: 'OFF'};
  const worth = await good(adgroups, 'adgroupCreate', TOKEN,
                           {body: {...sales, deep_bid_type: 'VO_MIN_ROAS', roas_bid: 2.55}});
  check(worth.roas_bid === 2.55 && worth.deep_bid_type === 'VO_MIN_ROAS', 'adgroupCreate: roas_bid');
  check(worth.click_attribution_window === 'TWENTY_EIGHT_DAYS', 'adgroupCreate: window');
  for (const wrongly of [{deep_bid_type: 'VO_MIN_ROAS'}, {roas_bid: 2}, {},
                         {deep_bid_type: 'VO_MIN_ROAS', roas_bid: 2.555},
                         {deep_bid_type: 'VO_HIGHEST_VALUE', optimization_event: 'FORM'},
                         {deep_bid_type: 'VO_HIGHEST_VALUE', pixel_id: '5'},
                         {deep_bid_type: 'VO_HIGHEST_VALUE', view_attribution_window: 'FOURTEEN_DAYS'},
                         {deep_bid_type: 'VO_HIGHEST_VALUE', bid_type: 'BID_TYPE_CUSTOM',
                          conversion_bid_price: 3}]) {
    await refused(40002, adgroups, 'adgroupCreate', TOKEN, {body: {...sales, ...wrongly}});
  }

  // --- a picture
  const signature = createHash('md5').update(PIXEL).digest('hex');
  const upload = {advertiser_id: ADVERTISER, upload_type: 'UPLOAD_BY_FILE', image_file: PIXEL,
                  image_signature: signature, file_name: 'referee.png'};
  const image = await good(files, 'adImageUpload', TOKEN, upload);
  shaped(image, IMAGE, 'adImageUpload');
  check(image.width === 1 && image.height === 1, 'adImageUpload: size of the picture');
  await refused(40911, files, 'adImageUpload', TOKEN, upload);
  await refused(40900, files, 'adImageUpload', TOKEN,
                {...upload, file_name: 'other.png', image_signature: '0'.repeat(32)});
  const shown = await good(files, 'fileImageAdInfo', ADVERTISER, [image.image_id], TOKEN);
  shaped(shown.list?.[0], IMAGE, 'fileImageAdInfo');

  // --- an ad
  const creative = {ad_name: 'Referee ad', ad_format: 'SINGLE_IMAGE', ad_text: 'Made to be mended',
                    identity_type: 'CUSTOMIZED_USER', identity_id: '66', display_name: 'Shop',
                    image_ids: [image.image_id], landing_page_url: 'https://shop.example/',
                    call_to_action: 'SHOP_NOW', operation_status: 'DISABLE',
                    utm_params: [{key: 'utm_source', value: 'tiktok'}]};
  const adBody = {advertiser_id: ADVERTISER, adgroup_id, creatives: [creative]};
  const madeAd = await good(ads, 'adCreate', TOKEN, {body: adBody});
  check(TYPES.l(madeAd.ad_ids) && madeAd.ad_ids.length === 1, 'adCreate: ad_ids');
  shaped(madeAd.creatives?.[0], AD, 'adCreate');
  const [ad_id] = madeAd.ad_ids ?? [];
  await good(ads, 'adUpdate', TOKEN, {body: {advertiser_id: ADVERTISER, adgroup_id,
    patch_update: true, creatives: [{ad_id, ad_text: 'Made to last'}]}});
  const gotAds = await good(ads, 'adGet', ADVERTISER, TOKEN, {filtering: {ad_ids: [ad_id]}});
  paged(gotAds, AD, 'adGet');
  check(gotAds.list?.[0]?.ad_text === 'Made to last', 'adUpdate: ad_text');
  check(gotAds.list?.[0]?.utm_params?.[0]?.key === 'utm_source', 'adUpdate kept utm_params');
  await refused(40002, ads, 'adCreate', TOKEN,
                {body: {...adBody, creatives: [{...creative, ad_text: 'x'.repeat(101)}]}});
  await refused(40002, ads, 'adCreate', TOKEN,
                {body: {...adBody, creatives: [{...creative, image_ids: ['no/such']}]}});

  // --- a film with its cover, and a carousel
  const FILM = Buffer.from('AAAAGGZ0eXBpc29tAAAAAGlzb21tcDQy', 'base64');
  const filmed = {advertiser_id: ADVERTISER, upload_type: 'UPLOAD_BY_FILE', video_file: FILM,
                  video_signature: createHash('md5').update(FILM).digest('hex'),
                  file_name: 'referee.mp4'};
  const [film] = await good(files, 'adVideoUpload', TOKEN, filmed);
  shaped(film, VIDEO, 'adVideoUpload');
  check(film?.signature === filmed.video_signature, 'adVideoUpload: signature');
  await refused(40911, files, 'adVideoUpload', TOKEN, filmed);
  await refused(40900, files, 'adVideoUpload', TOKEN,
                {...filmed, file_name: 'b.mp4', video_signature: signature});
  await refused(40908, files, 'adVideoUpload', TOKEN,
                {...filmed, file_name: 'c.mp4', video_file: PIXEL, video_signature: signature});
  const picture = await good(files, 'adImageUpload', TOKEN, {...upload, file_name: 'second.png'});
  const formats = {
    SINGLE_VIDEO: {video_id: film?.video_id, image_ids: [image.image_id]},
    CAROUSEL_ADS: {image_ids: [picture.image_id, image.image_id], music_id: '77'},
  };
  for (const [ad_format, members] of Object.entries(formats)) {
    const whole = {...creative, ad_name: ad_format, ad_format, ...members};
    const [made_id] = (await good(ads, 'adCreate', TOKEN,
                                  {body: {...adBody, creatives: [whole]}})).ad_ids ?? [];
    const back = (await good(ads, 'adGet', ADVERTISER, TOKEN,
                             {filtering: {ad_ids: [made_id]}})).list?.[0];
    for (const [name, value] of Object.entries(members)) {
      check(JSON.stringify(back?.[name]) === JSON.stringify(value),
            `${ad_format}: ${name} ${JSON.stringify(back?.[name])}`);
    }
  }
  for (const wrongly of [{...formats.CAROUSEL_ADS, ad_format: 'CAROUSEL_ADS', music_id: undefined},
                         {...formats.CAROUSEL_ADS, ad_format: 'CAROUSEL_ADS',
                          image_ids: [image.image_id]},
                         {ad_format: 'SINGLE_IMAGE', video_id: film?.video_id},
                         {ad_format: 'SINGLE_VIDEO', video_id: film?.video_id,
                          image_ids: [image.image_id, picture.image_id]}]) {
    await refused(40002, ads, 'adCreate', TOKEN,
                  {body: {...adBody, creatives: [{...creative, ...wrongly}]}});
  }

  // --- status
  const status = await good(campaigns, 'campaignStatusUpdate', TOKEN, {body:
    {advertiser_id: ADVERTISER, campaign_ids: [campaign_id], operation_status: 'ENABLE'}});
  check(status.campaign_ids?.[0] === campaign_id && status.status === 'ENABLE',
        'campaignStatusUpdate');
  await good(adgroups, 'adgroupStatusUpdate', TOKEN, {body:
    {advertiser_id: ADVERTISER, adgroup_ids: [adgroup_id], operation_status: 'ENABLE'}});
  await good(ads, 'adStatusUpdate', TOKEN, {body:
    {advertiser_id: ADVERTISER, ad_ids: [ad_id], operation_status: 'DELETE'}});
  await refused(40002, ads, 'adStatusUpdate', TOKEN, {body:
    {advertiser_id: ADVERTISER, ad_ids: [ad_id], operation_status: 'ENABLE'}});
  await refused(20001, campaigns, 'campaignStatusUpdate', TOKEN, {body:
    {advertiser_id: ADVERTISER, campaign_ids: [campaign_id, '5'], operation_status: 'DISABLE'}});
  const gone = await good(ads, 'adGet', ADVERTISER, TOKEN,
                          {filtering: {ad_ids: [ad_id], primary_status: 'STATUS_ALL'}});
  check(gone.list?.[0]?.secondary_status === 'AD_STATUS_DELETE', 'adGet: deleted, asked for');

  // --- reports
  const question = {advertiser_id: ADVERTISER, service_type: 'AUCTION',
                    data_level: 'AUCTION_CAMPAIGN', dimensions: ['campaign_id', 'stat_time_day'],
                    metrics: ['spend', 'impressions', 'clicks', 'conversion', 'campaign_name'],
                    start_date: '2026-09-02', end_date: '2026-09-08', page_size: 1000,
                    enable_total_metrics: true};
  const week = await good(reports, 'reportIntegratedGet', 'BASIC', TOKEN, question);
  check(week.list?.length === 7, `report: ${week.list?.length} days`);
  let spend = 0;
  for (const row of week.list ?? []) {
    check(time.test(row.dimensions?.stat_time_day), 'report: stat_time_day');
    check(Object.values(row.metrics ?? {}).every(TYPES.s), 'report: metrics are texts');
    check(row.metrics?.campaign_name === 'Seed', 'report: campaign_name');
    spend += Number(row.metrics?.spend);
  }
  check(spend > 0 && Math.abs(spend - Number(week.total_metrics?.spend)) < 0.05,
        `report: ${spend} of ${week.total_metrics?.spend}`);
  const cut = await good(reports, 'reportIntegratedGet', 'AUDIENCE', TOKEN,
    {...question, dimensions: ['campaign_id', 'age', 'gender'], metrics: ['spend', 'clicks']});
  check(cut.list?.length > 6, 'report: audience');
  await refused(40002, reports, 'reportIntegratedGet', 'BASIC', TOKEN,
                {...question, start_date: '2026-08-01'});
  await refused(40002, reports, 'reportIntegratedGet', 'BASIC', TOKEN,
                {...question, metrics: ['fame']});
  const task = await good(reports, 'reportTaskCreate', TOKEN, {body:
    {advertiser_id: ADVERTISER, report_type: 'BASIC', data_level: 'AUCTION_CAMPAIGN',
     dimensions: ['campaign_id'], metrics: ['spend'], start_date: '2026-09-02',
     end_date: '2026-09-08'}});
  const progress = [];
  for (let i = 0; i < 2; ++i) {
    progress.push((await good(reports, 'reportTaskCheck', task.task_id, ADVERTISER, TOKEN)).status);
  }
  check(progress.join() === 'PROCESSING,SUCCESS', `reportTaskCheck: ${progress}`);

  // --- what is wrong is refused
  await refused(40105, campaigns, 'campaignGet', ADVERTISER, 'WRONG', {});
  await refused(40104, campaigns, 'campaignGet', ADVERTISER, '', {});
  await refused(40002, campaigns, 'campaignCreate', TOKEN,
                {body: {advertiser_id: ADVERTISER, campaign_name: 'No objective'}});
  await refused(40001, campaigns, 'campaignGet', '7999', TOKEN, {});
  await refused(40007, campaigns, 'campaignUpdate', TOKEN,
                {body: {advertiser_id: ADVERTISER, campaign_id: '5', campaign_name: 'x'}});
}

await main();
for (const what of wrong) console.log(`wrong: ${what}`);
console.log(`referee tiktok: ${calls} calls judged`);
process.exit(wrong.length === 0 ? 0 : 1);
