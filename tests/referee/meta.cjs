// Meta's official SDK drives a simulated Marketing API over real sockets, and this file judges what
// comes back: the SDK keeps whatever it is answered, so every key and type is checked here against
// the field lists of Meta's own specification (names only, those that are asked for).
//
//   node meta.cjs BASE_URL TIGHT_BASE_URL
//
// BASE_URL has account act_42 with a week of delivery; TIGHT_BASE_URL lets an account make three
// calls an hour. Prints "referee meta: N calls judged" and exits 0 when nothing was wrong.
'use strict';
const sdk = require('facebook-nodejs-business-sdk');
const {FacebookAdsApi, FacebookAdsApiBatch, AdAccount, Campaign, AdSet, Ad, AdCreative, AdImage,
       AdReportRun, AdsPixel, AdVideo, User} = sdk;

const [base, tightBase] = process.argv.slice(2);
// The server's clock goes on by ten seconds.
const advance = () => fetch(`${base}/advance`, {method: 'POST'});
let origin = base;
Object.defineProperty(FacebookAdsApi, 'GRAPH', {get: () => origin, configurable: true});
Object.defineProperty(FacebookAdsApi, 'GRAPH_VIDEO', {get: () => origin, configurable: true});
Object.defineProperty(FacebookAdsApi, 'VERSION', {get: () => 'v26.0', configurable: true});
// The third argument keeps the SDK's crash reporter from calling home.
const api = FacebookAdsApi.init('TOKEN', 'en_US', false);

let calls = 0;
const plainCall = FacebookAdsApi.prototype.call;
FacebookAdsApi.prototype.call = function (...args) {
  ++calls;
  return plainCall.apply(this, args);
};

const wrong = [];
const say = (what) => wrong.push(what);
const check = (holds, what) => { if (!holds) say(what); };

// s: text   i: whole number   b: boolean   d: date-time   o: object   l: list   n: any number
const budget = {daily_budget: 's', lifetime_budget: 's', budget_remaining: 's'};
const common = {id: 's', account_id: 's', name: 's', status: 's', configured_status: 's',
                effective_status: 's', created_time: 'd', updated_time: 'd', issues_info: 'l'};
const FIELDS = {
  Campaign: {...common, ...budget, objective: 's', buying_type: 's', bid_strategy: 's',
             special_ad_categories: 'l', special_ad_category: 's', spend_cap: 's', start_time: 'd',
             stop_time: 'd', is_adset_budget_sharing_enabled: 'b', adsets: 'o',
             pacing_type: 'l', special_ad_category_country: 'l'},
  AdSet: {...common, ...budget, campaign_id: 's', campaign: 'o', billing_event: 's',
          optimization_goal: 's', bid_amount: 'i', bid_strategy: 's', targeting: 'o',
          promoted_object: 'o', start_time: 'd', end_time: 'd', learning_stage_info: 'o',
          attribution_spec: 'l', destination_type: 's', adset_schedule: 'l', pacing_type: 'l',
          frequency_control_specs: 'l', bid_constraints: 'o', dsa_beneficiary: 's',
          dsa_payor: 's'},
  Ad: {...common, campaign_id: 's', adset_id: 's', creative: 'o', adset: 'o', campaign: 'o',
       ad_review_feedback: 'o', tracking_specs: 'l', conversion_domain: 's'},
  AdCreative: {id: 's', account_id: 's', name: 's', status: 's', object_story_spec: 'o',
               asset_feed_spec: 'o', url_tags: 's', image_hash: 's', title: 's', body: 's',
               call_to_action_type: 's', link_url: 's', object_type: 's', actor_id: 's',
               video_id: 's'},
  AdsPixel: {id: 's', name: 's', code: 's', creation_time: 'd', is_unavailable: 'b',
             owner_ad_account: 'o'},
  AdVideo: {id: 's', title: 's', status: 'o', created_time: 'd', updated_time: 'd', length: 'n',
            picture: 's', source: 's'},
  AdImage: {id: 's', account_id: 's', hash: 's', name: 's', url: 's', url_128: 's',
            permalink_url: 's', width: 'i', height: 'i', original_width: 'i',
            original_height: 'i', status: 's', created_time: 'd', updated_time: 'd'},
  AdAccount: {id: 's', account_id: 's', account_status: 'i', amount_spent: 's', balance: 's',
              currency: 's', disable_reason: 'i', min_daily_budget: 'i', name: 's',
              spend_cap: 's', timezone_name: 's', timezone_id: 'i',
              timezone_offset_hours_utc: 'n', created_time: 'd'},
  AdActivity: {actor_id: 's', actor_name: 's', application_id: 's', application_name: 's',
               date_time_in_timezone: 's', event_time: 'd', event_type: 's', extra_data: 's',
               object_id: 's', object_name: 's', object_type: 's', translated_event_type: 's'},
  MinimumBudget: {currency: 's', min_daily_budget_imp: 'i', min_daily_budget_low_freq: 'i',
                  min_daily_budget_high_freq: 'i', min_daily_budget_video_views: 'i'},
  AdReportRun: {id: 's', account_id: 's', async_percent_completion: 'i', async_status: 's',
                date_start: 's', date_stop: 's', is_running: 'b', time_completed: 'i',
                time_ref: 'i', report_run_id: 's'},
  AdsInsights: {account_currency: 's', account_id: 's', account_name: 's', action_values: 'l',
                actions: 'l', ad_id: 's', ad_name: 's', adset_id: 's', adset_name: 's',
                campaign_id: 's', campaign_name: 's', clicks: 's', cost_per_action_type: 'l',
                cost_per_inline_link_click: 's', cpc: 's', cpm: 's', cpp: 's', ctr: 's',
                date_start: 's', date_stop: 's', frequency: 's', impressions: 's',
                inline_link_click_ctr: 's', inline_link_clicks: 's', objective: 's',
                optimization_goal: 's', outbound_clicks: 'l', purchase_roas: 'l', reach: 's',
                spend: 's', unique_clicks: 's', website_purchase_roas: 'l',
                attribution_setting: 's', buying_type: 's'},
};
const BREAKDOWNS = ['age', 'gender', 'country', 'publisher_platform', 'platform_position',
                    'device_platform', 'impression_device',
                    'hourly_stats_aggregated_by_advertiser_time_zone'];
const ACTION_KEYS = ['action_type', 'value', '1d_click', '7d_click', '28d_click', '1d_view'];
const IS = {
  s: (v) => typeof v === 'string',
  i: (v) => Number.isInteger(v),
  n: (v) => typeof v === 'number',
  b: (v) => typeof v === 'boolean',
  d: (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/.test(v),
  o: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
  l: (v) => Array.isArray(v),
};
const NESTED = {creative: 'AdCreative', adset: 'AdSet', campaign: 'Campaign'};

function judge(kind, data, allowed = []) {
  for (const [key, value] of Object.entries(data)) {
    const type = FIELDS[kind][key] || (allowed.includes(key) ? 's' : undefined);
    if (!type) {
      say(`${kind} has no field ${key}`);
    } else if (!IS[type](value)) {
      say(`${kind}.${key} is ${JSON.stringify(value)}, wanted type ${type}`);
    }
    if (NESTED[key] && IS.o(value)) judge(NESTED[key], value);
  }
}

function judgeInsights(rows, breakdowns = []) {
  for (const row of rows) {
    judge('AdsInsights', row._data, breakdowns);
    for (const name of breakdowns) check(IS.s(row._data[name]), `row without ${name}`);
    for (const value of Object.values(row._data)) {
      if (!Array.isArray(value)) continue;
      for (const action of value) {
        for (const [key, text] of Object.entries(action)) {
          check(ACTION_KEYS.includes(key), `action key ${key}`);
          check(IS.s(text), `action ${key} is ${JSON.stringify(text)}`);
        }
      }
    }
  }
}

async function refused(what, code, subcode, run) {
  try {
    await run();
    say(`${what}: was accepted`);
  } catch (error) {
    const body = error.response || {};
    check(error.name === 'FacebookRequestError', `${what}: ${error}`);
    check(error.status === 400 || error.status === 401, `${what}: HTTP ${error.status}`);
    check(body.code === code, `${what}: code ${body.code}, wanted ${code} (${body.message})`);
    if (subcode) check(body.error_subcode === subcode, `${what}: subcode ${body.error_subcode}`);
    for (const key of ['message', 'type', 'fbtrace_id']) check(IS.s(body[key]), `${what}: ${key}`);
    check(IS.b(body.is_transient), `${what}: is_transient`);
    return error;
  }
  return undefined;
}

// A PNG of 1200 x 628: signature and header; the server reads no further.
const picture = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  Buffer.from('000004b000000274', 'hex'), Buffer.from('0802000000', 'hex')]).toString('base64');

async function createAndUpdate(account) {
  const campaign = await account.createCampaign([], {
    name: 'Referee', objective: 'OUTCOME_SALES', status: 'PAUSED', special_ad_categories: [],
    is_adset_budget_sharing_enabled: false});
  check(campaign instanceof Campaign && /^\d{18}$/.test(campaign.id), `id ${campaign.id}`);
  const adset = await account.createAdSet([], {
    name: 'Women', campaign_id: campaign.id, status: 'PAUSED', daily_budget: 5000,
    billing_event: 'IMPRESSIONS', optimization_goal: 'OFFSITE_CONVERSIONS',
    promoted_object: {pixel_id: '77', custom_event_type: 'PURCHASE'},
    targeting: {geo_locations: {countries: ['DE']}, age_min: 25, genders: [2]}});
  check(adset instanceof AdSet, 'ad set');
  const image = await account.createAdImage([], {bytes: picture});
  check(image instanceof AdImage, 'image');
  const {hash, url, width, height} = image._data.images.bytes;
  check(/^[0-9a-f]{32}$/.test(hash) && IS.s(url) && width === 1200 && height === 628,
        `image ${JSON.stringify(image._data)}`);
  const story = {page_id: '9', link_data: {
    link: 'https://shop.example/shoes', message: 'New shoes', name: 'Shoes', image_hash: hash,
    call_to_action: {type: 'SHOP_NOW', value: {link: 'https://shop.example/shoes'}}}};
  const creative = await account.createAdCreative([], {name: 'C', object_story_spec: story});
  check(creative instanceof AdCreative, 'creative');
  const ad = await account.createAd([], {
    name: 'Ad', adset_id: adset.id, status: 'PAUSED', creative: {creative_id: creative.id}});
  check(ad instanceof Ad, 'ad');

  await campaign.read(['name', 'objective', 'status', 'effective_status', 'account_id',
                       'special_ad_categories', 'created_time', 'updated_time',
                       'is_adset_budget_sharing_enabled', 'buying_type', 'daily_budget']);
  judge('Campaign', campaign._data);
  check(campaign.status === 'PAUSED' && campaign.account_id === '42', 'campaign read');
  check(campaign._data.daily_budget === undefined, 'a budget that was never given');
  await adset.read(['name', 'daily_budget', 'lifetime_budget', 'budget_remaining', 'targeting',
                    'promoted_object', 'optimization_goal', 'billing_event', 'campaign{id,name}',
                    'start_time', 'effective_status', 'learning_stage_info']);
  judge('AdSet', adset._data);
  check(adset.daily_budget === '5000', `daily_budget ${adset.daily_budget}`);
  check(adset.campaign.name === 'Referee', 'nested campaign');
  await ad.read(['name', 'adset_id', 'campaign_id', 'effective_status', 'ad_review_feedback',
                 'creative{id,name,title,body,image_hash,link_url,object_story_spec}']);
  judge('Ad', ad._data);
  check(ad.effective_status === 'PENDING_REVIEW', `ad is ${ad.effective_status}`);
  check(ad.creative.image_hash === hash, 'nested creative');

  const updated = await new AdSet(adset.id).update([], {daily_budget: 6000, name: 'Women 2'});
  check(updated.success === true, `update ${JSON.stringify(updated)}`);
  const again = await new AdSet(adset.id).get(['daily_budget', 'name']);
  check(again.daily_budget === '6000' && again.name === 'Women 2', 'read after update');
  const validated = await new Campaign(campaign.id).update(
      [], {name: 'Other', execution_options: ['validate_only']});
  check(validated.success === true, 'validate_only');

  for (const [what, object] of [['ad', new Ad(ad.id)], ['campaign', new Campaign(campaign.id)]]) {
    const gone = await object.delete([], {});
    check(gone.success === true, `delete ${what}`);
  }
  const left = await new Ad(ad.id).get(['effective_status']);
  check(left.effective_status === 'DELETED', 'deleted ad');
}

// Schedules, windows, caps and places of ad sets; pixels; videos and carousels.
async function settings(account) {
  const flight = {start_time: '2026-10-01T00:00:00+0200', end_time: '2026-12-31T23:59:00+0100'};
  const campaign = await account.createCampaign([], {
    name: 'Settings', objective: 'OUTCOME_AWARENESS', status: 'PAUSED',
    special_ad_categories: ['HOUSING'], special_ad_category_country: ['US'],
    is_adset_budget_sharing_enabled: false});
  await campaign.read(['special_ad_categories', 'special_ad_category_country']);
  judge('Campaign', campaign._data);
  check(campaign.special_ad_category_country[0] === 'US', 'countries of a category');
  const plan = {
    name: 'Hours', campaign_id: campaign.id, status: 'PAUSED', lifetime_budget: 900000, ...flight,
    billing_event: 'IMPRESSIONS', optimization_goal: 'REACH',
    pacing_type: ['day_parting'],
    adset_schedule: [{start_minute: 480, end_minute: 1200, days: [1, 2], timezone_type: 'ADVERTISER'}],
    frequency_control_specs: [{event: 'IMPRESSIONS', interval_days: 7, max_frequency: 3}],
    targeting: {geo_locations: {regions: [{key: '3847'}], cities: [{key: '777934'}]},
                excluded_geo_locations: {regions: [{key: '3886'}]}}};
  const adset = await account.createAdSet([], plan);
  await adset.read(['adset_schedule', 'pacing_type', 'frequency_control_specs', 'targeting',
                    'attribution_spec', 'bid_constraints', 'dsa_payor']);
  judge('AdSet', adset._data);
  check(adset.adset_schedule[0].end_minute === 1200, 'schedule');
  check(adset.frequency_control_specs[0].max_frequency === 3, 'frequency');
  check(adset.targeting.geo_locations.cities[0].key === '777934', 'city');
  check(adset.attribution_spec[0].event_type === 'CLICK_THROUGH', 'window');
  await refused('hours of a daily budget', 100, 0, () => account.createAdSet(
      [], {...plan, lifetime_budget: undefined, daily_budget: 5000}));
  await refused('two places in one', 100, 1487756, () => account.createAdSet([], {
    ...plan, targeting: {geo_locations: {countries: ['US'], regions: [{key: '3847'}]}}}));
  await refused('a place outside of the category', 100, 2909034, () => account.createAdSet(
      [], {...plan, targeting: {geo_locations: {countries: ['CA']}}}));
  await refused('a window of 28 days', 100, 1815498, () => account.createAdSet(
      [], {...plan, attribution_spec: [{event_type: 'CLICK_THROUGH', window_days: 28}]}));

  const europe = await account.createCampaign([], {
    name: 'Europe', objective: 'OUTCOME_SALES', status: 'PAUSED', special_ad_categories: [],
    is_adset_budget_sharing_enabled: false});
  const valued = {
    name: 'Value', campaign_id: europe.id, status: 'PAUSED', daily_budget: 5000,
    billing_event: 'IMPRESSIONS', optimization_goal: 'VALUE',
    bid_strategy: 'LOWEST_COST_WITH_MIN_ROAS', bid_constraints: {roas_average_floor: 25000},
    promoted_object: {pixel_id: '77', custom_event_type: 'PURCHASE'},
    targeting: {geo_locations: {countries: ['FR']}}};
  const value = await account.createAdSet([], valued);
  await value.read(['bid_constraints', 'bid_strategy', 'dsa_beneficiary', 'dsa_payor',
                    'attribution_spec']);
  judge('AdSet', value._data);
  check(value.bid_constraints.roas_average_floor === 25000, 'floor');
  check(value.dsa_payor === 'Shop', `the account pays: ${value.dsa_payor}`);
  check(value.attribution_spec.length === 2, 'the default windows of conversions');
  await refused('a floor without value', 100, 1815857, () => account.createAdSet(
      [], {...valued, optimization_goal: 'OFFSITE_CONVERSIONS'}));

  const pixel = await account.createAdsPixel([], {name: 'Shop'});
  check(pixel instanceof AdsPixel && /^\d{15,18}$/.test(pixel.id), `pixel ${pixel.id}`);
  await refused('a second pixel', 6200, 0, () => account.createAdsPixel([], {name: 'Another'}));
  await new AdsPixel(pixel.id).update([], {name: 'Shop 2'});
  const pixels = await account.getAdsPixels(['name', 'code', 'creation_time', 'is_unavailable',
                                             'owner_ad_account']);
  check(pixels.length === 1 && pixels[0].name === 'Shop 2', 'pixels');
  judge('AdsPixel', pixels[0]._data);

  const video = await account.createAdVideo([], {file_url: 'https://cdn.example/film.mp4',
                                                 title: 'Film'});
  check(video instanceof AdVideo && /^\d+$/.test(video.id), `video ${video.id}`);
  const image = await account.createAdImage([], {bytes: picture});
  const {hash} = image._data.images.bytes;
  const film = {page_id: '9', video_data: {
    video_id: video.id, image_hash: hash, title: 'Film', message: 'Look',
    call_to_action: {type: 'LEARN_MORE', value: {link: 'https://shop.example/'}}}};
  await refused('a video in the works', 100, 1885252,
                () => account.createAdCreative([], {name: 'F', object_story_spec: film}));
  // The SDK has no way to read a video by its id, so the call is made as it makes all of them.
  const status = async () =>
      (await api.call('GET', [video.id], {fields: 'status'})).status.video_status;
  check(await status() === 'processing', 'a new video');
  await advance();
  check(await status() === 'ready', 'a video after a while');
  const videos = await account.getAdVideos(['title', 'status', 'created_time', 'picture']);
  check(videos.length === 1, 'videos');
  judge('AdVideo', videos[0]._data);
  const card = (name) => ({link: 'https://shop.example/', name, image_hash: hash});
  const carousel = {page_id: '9', link_data: {
    link: 'https://shop.example/', message: 'Look', multi_share_optimized: false,
    multi_share_end_card: false, child_attachments: [card('A'), card('B')]}};
  for (const [name, story] of [['Film', film], ['Carousel', carousel]]) {
    const creative = await account.createAdCreative([], {name, object_story_spec: story});
    const read = await new AdCreative(creative.id).get(['name', 'object_story_spec', 'video_id']);
    judge('AdCreative', read._data);
    check(JSON.stringify(read.object_story_spec) === JSON.stringify(story), `story of ${name}`);
  }
  await refused('a carousel of one card', 100, 1487079, () => account.createAdCreative([], {
    name: 'One', object_story_spec: {page_id: '9', link_data: {
      link: 'https://shop.example/', child_attachments: [card('A')]}}}));
  await refused('a text as a video', 352, 1363024,
                () => account.createAdVideo([], {source: 'not a film at all'}));
  for (const made of [campaign, europe]) await made.delete([], {});
}

async function lists(account) {
  const names = new Set();
  let page = await account.getCampaigns(['name', 'effective_status'], {limit: 3});
  let pages = 1;
  for (;;) {
    for (const campaign of page) {
      check(campaign instanceof Campaign, 'list item');
      judge('Campaign', campaign._data);
      names.add(campaign.name);
    }
    if (!page.hasNext()) break;
    page = await page.next();
    ++pages;
  }
  check(names.size === 7 && pages === 3, `${names.size} campaigns on ${pages} pages`);
  check(page.hasPrevious(), 'no way back');
  await page.previous();
  check(page.length === 3, 'the page before');

  const filtered = await account.getCampaigns(['name'], {
    filtering: [{field: 'campaign.name', operator: 'CONTAIN', value: 'Seed 3'}]});
  check(filtered.length === 1, 'filtering');
  const gone = await account.getCampaigns(['name'], {effective_status: ['DELETED']});
  check(gone.length === 3 && gone.at(-1).name === 'Referee', 'deleted ones when asked for');
  const adsets = await new Campaign(gone.at(-1).id).getAdSets(['name'], {effective_status: ['DELETED']});
  check(adsets.length === 1, 'edge of a campaign');
  for (const [kind, list] of [
    ['AdSet', await account.getAdSets(['name', 'daily_budget', 'targeting'])],
    ['Ad', await account.getAds(['name', 'status', 'adset{name}', 'creative'])],
    ['AdCreative', await account.getAdCreatives(['name', 'status', 'title', 'body'])],
    ['AdImage', await account.getAdImages(['hash', 'url', 'width', 'height', 'name', 'status'])],
    ['AdActivity', await account.getActivities(['event_type', 'event_time', 'actor_name',
                                                'object_id', 'object_name', 'extra_data'])],
    ['MinimumBudget', await account.getMinimumBudgets()],
    ['AdAccount', await new User('me').getAdAccounts(['name', 'currency', 'account_status'])],
  ]) {
    check(list.length > 0, `no ${kind} in its list`);
    for (const item of list) judge(kind, item._data);
  }
  const budgets = (await account.getActivities(['event_type', 'extra_data'], {category: 'BUDGET'}));
  const extra = JSON.parse(budgets[0].extra_data);
  check(extra.old_value === 5000 && extra.new_value === 6000, `activity ${budgets[0].extra_data}`);
  await account.read(['account_id', 'name', 'currency', 'timezone_name', 'account_status',
                      'amount_spent', 'balance', 'spend_cap', 'disable_reason', 'created_time',
                      'min_daily_budget', 'timezone_offset_hours_utc', 'timezone_id']);
  judge('AdAccount', account._data);
  check(Number(account.amount_spent) > 0, `amount_spent ${account.amount_spent}`);
  const ids = filtered.concat(gone).map((campaign) => campaign.id);
  const byIds = await api.call('GET', [''], {ids: ids.join(','), fields: 'name'});
  check(byIds[ids.at(-1)].name === 'Referee', 'ids=');
}

const METRICS = ['campaign_id', 'campaign_name', 'impressions', 'clicks', 'spend', 'reach',
                 'frequency', 'cpm', 'cpc', 'cpp', 'ctr', 'inline_link_clicks', 'unique_clicks',
                 'actions', 'action_values', 'cost_per_action_type', 'purchase_roas',
                 'website_purchase_roas', 'outbound_clicks', 'account_currency', 'objective'];
const WEEK = {since: '2026-09-02', until: '2026-09-08'};

async function insights(account) {
  const rows = [];
  let page = await account.getInsights(METRICS, {
    level: 'campaign', time_range: WEEK, time_increment: 1, limit: 3,
    action_attribution_windows: ['1d_click', '7d_click', '1d_view', '7d_view']});
  for (;;) {
    rows.push(...page);
    if (!page.hasNext()) break;
    page = await page.next();
  }
  judgeInsights(rows);
  check(rows.length === 7, `${rows.length} rows of seven days`);
  check(rows.every((row) => row.date_start === row.date_stop), 'days');
  const purchases = (row, type, key = 'value') =>
      Number(((row.actions || []).find((a) => a.action_type === type) || {})[key] || 0);
  check(rows.some((row) => purchases(row, 'purchase') > 0), 'no purchase in a week');
  check(rows.every((row) => purchases(row, 'purchase') === purchases(row, 'omni_purchase')),
        'purchase and omni_purchase differ');
  check(rows.every((row) => purchases(row, 'purchase', '7d_view') === 0), '7d_view is retired');
  for (const breakdowns of [['age', 'gender'], ['country'],
                            ['publisher_platform', 'platform_position'], ['device_platform'],
                            ['impression_device'], [BREAKDOWNS[7]]]) {
    const cut = await account.getInsights(['impressions', 'spend', 'actions'],
                                          {time_range: WEEK, breakdowns, limit: 100});
    check(cut.length > 0, `no rows by ${breakdowns}`);
    judgeInsights(cut, breakdowns);
  }
  const totals = await account.getInsights(['spend'], {
    time_range: WEEK, level: 'ad', summary: ['spend', 'impressions'], sort: ['spend_descending']});
  judgeInsights(totals);
  check(IS.s(totals.summary.spend), 'summary');
  const campaign = new Campaign(rows[0].campaign_id);
  judgeInsights(await campaign.getInsights(['spend', 'clicks'], {date_preset: 'maximum'}));

  const run = await account.getInsightsAsync(METRICS, {
    level: 'ad', time_range: WEEK, time_increment: 1});
  check(run instanceof AdReportRun && /^\d+$/.test(run.id), `report run ${run.id}`);
  await refused('a report read too early', 2601, 0, () => run.getInsights([]));
  const seen = [];
  for (let i = 0; i < 10; ++i) {
    await run.get(['async_status', 'async_percent_completion', 'is_running', 'date_start',
                   'time_ref', 'account_id']);
    judge('AdReportRun', run._data);
    seen.push(run.async_status);
    if (run.async_status === 'Job Completed' && run.async_percent_completion === 100) break;
  }
  check(seen[0] === 'Job Not Started' && seen.at(-1) === 'Job Completed', seen.join());
  const asynchronous = await run.getInsights([], {limit: 100});
  judgeInsights(asynchronous);
  check(asynchronous.length === 7, `${asynchronous.length} rows of an asynchronous report`);
  check(asynchronous[0].spend === rows[0].spend, 'the two ways differ');
}

function batch() {
  return new Promise((resolve, reject) => {
    const got = [];
    const failed = [];
    const many = new FacebookAdsApiBatch(api);
    const add = (...args) => many.add(...args, undefined, (r) => got.push(r), (r) => failed.push(r));
    add('GET', ['act_42', 'campaigns'], {fields: 'name', limit: 2});
    add('POST', ['act_42', 'campaigns'], {
      name: 'Batched', objective: 'OUTCOME_SALES', status: 'PAUSED', special_ad_categories: [],
      daily_budget: 5000});
    add('GET', ['act_42'], {fields: 'currency'});
    add('GET', ['17'], {});
    many.execute().then((rest) => {
      check(rest === null, 'entries left over');
      check(got.length === 3 && failed.length === 1, `${got.length} + ${failed.length} answers`);
      check(got[0] && got[0].body.data.length === 2, 'list in a batch');
      check(got[1] && /^\d{18}$/.test(got[1].body.id), 'create in a batch');
      check(got[2] && got[2].body.currency === 'EUR', 'read in a batch');
      check(got.every((r) => r.status === 200 && IS.l(r.headers)), 'status and headers');
      check(failed[0] && failed[0].body.error.error_subcode === 33, 'error in a batch');
      resolve(got[1].body.id);
    }).catch(reject);
  });
}

async function errors(account, batched) {
  const bad = new FacebookAdsApi('BAD', 'en_US', false);
  await refused('a bad token', 190, 0, () => new AdAccount('act_42', {}, null, bad).read(['name']));
  const old = new FacebookAdsApi('EXPIRED', 'en_US', false);
  await refused('an expired token', 190, 463,
                () => new AdAccount('act_42', {}, null, old).read(['name']));
  const good = {name: 'X', objective: 'OUTCOME_SALES', special_ad_categories: [], daily_budget: 5000};
  const enumError = await refused('an unknown objective', 100, 0,
                                  () => account.createCampaign([], {...good, objective: 'FAME'}));
  check(enumError && enumError.message.includes('OUTCOME_SALES'), 'the words allowed');
  const low = await refused('a budget too low', 100, 1885272,
                            () => account.createCampaign([], {...good, daily_budget: 1}));
  check(low && low.response.error_data.blame_field_specs[0][0] === 'daily_budget', 'blame');
  check(low && IS.s(low.response.error_user_title) && IS.s(low.response.error_user_msg), 'for people');
  await refused('money with decimals', 100, 0,
                () => account.createCampaign([], {...good, daily_budget: 50.5}));
  await refused('no categories', 100, 0,
                () => account.createCampaign([], {...good, special_ad_categories: undefined}));
  await refused('an unknown object', 100, 33, () => new Campaign('17').read(['name']));
  await refused('an unknown field', 100, 0, () => account.read(['colour']));
  await refused('a broken picture', 100, 0, () => account.createAdImage([], {bytes: 'aGVsbG8='}));
  const combination = await refused('a breakdown of everything', 2, 1504041,
      () => account.getInsights(['spend'], {breakdowns: ['age', 'country']}));
  check(combination && combination.message.includes('breakdown'), 'breakdown message');
  for (let i = 1; i <= 4; ++i) await new Campaign(batched).update([], {daily_budget: 5000 + i});
  await refused('a fifth budget in an hour', 613, 1487632,
                () => new Campaign(batched).update([], {daily_budget: 6000}));
  Object.defineProperty(FacebookAdsApi, 'VERSION', {get: () => 'v19.0', configurable: true});
  await refused('a version that is gone', 2635, 0, () => account.read(['name']));
  Object.defineProperty(FacebookAdsApi, 'VERSION', {get: () => 'v26.0', configurable: true});

  origin = tightBase;
  for (let i = 0; i < 3; ++i) await account.read(['name']);
  const throttled = await refused('the fourth call of three', 80004, 2446079,
                                  () => account.read(['name']));
  const usage = throttled && JSON.parse(throttled.headers['x-business-use-case-usage'])['42'][0];
  check(usage && usage.type === 'ads_management' && usage.call_count === 100 &&
        usage.estimated_time_to_regain_access > 0, `usage ${JSON.stringify(usage)}`);
  origin = base;
}

(async () => {
  const account = new AdAccount('act_42');
  await createAndUpdate(account);
  await settings(account);
  await lists(account);
  await insights(account);
  const batched = await batch();
  await errors(account, batched);
})().catch((error) => say(`stopped: ${error.stack} ${JSON.stringify(error.response || '')}`))
    .then(() => {
      for (const what of wrong) console.log(`wrong: ${what}`);
      console.log(`referee meta: ${calls} calls judged`);
      process.exit(wrong.length === 0 ? 0 : 1);
    });
