// google-ads-node's own clients over REST judge the simulated Google Ads server: every URL, verb
// and body is built from the official protos, every answer is parsed by its message type, and the
// token endpoint is spoken to by google-auth-library.
//
// Usage: node google_ads.cjs ORIGIN   (the server of google_ads_referee_test.cc)
'use strict';
require('./google_protos.cjs');
const ads = require('google-ads-node');
const {OAuth2Client} = require('google-auth-library');

const origin = new URL(process.argv[2]);
const customer = '1234567890';
const manager = '9000000001';

let calls = 0;
const wrong = [];
function check(condition, what) {
  if (!condition) wrong.push(what);
}

class LocalAuth extends OAuth2Client {
  // gax asks for headers by URL and for the quota project; the rest is the library's own.
  async getUniverseDomain() { return 'googleapis.com'; }
}
const auth = new LocalAuth({
  clientId: 'id',
  clientSecret: 'secret',
  endpoints: {oauth2TokenUrl: `${origin.origin}/token`},
});
auth.setCredentials({refresh_token: 'refresh'});

const options = {
  fallback: true,
  apiEndpoint: origin.hostname,
  port: Number(origin.port),
  protocol: 'http',
  authClient: auth,
};
const client = (name) => new ads[name](options);
const headers = {otherArgs: {headers: {'login-customer-id': manager, 'developer-token': 'ignored'}}};

/// Counts the call and gives its first result.
async function call(promise) {
  ++calls;
  const [response] = await promise;
  return response;
}
/// The call must fail with the status and this code of a GoogleAdsFailure.
async function refused(what, promise, family, code) {
  ++calls;
  try {
    await promise;
  } catch (error) {
    // gax leaves a detail whose type it does not know as the JSON that it came in.
    const failures = (error.statusDetails || [])
        .flatMap((detail) => JSON.parse(detail.description || '{}').errors || []);
    const found = failures.some((failure) => failure.errorCode && failure.errorCode[family] === code);
    check(found, `${what}: wanted ${family} ${code}, got ${error.message} ` +
          JSON.stringify(error.statusDetails));
    return failures;
  }
  check(false, `${what}: was not refused`);
  return [];
}

const nameOf = (kind, id) => `customers/${customer}/${kind}/${id}`;
const search = client('GoogleAdsServiceClient');
const rowsOf = async (query) => {
  ++calls;
  const [rows] = await search.search({customerId: customer, query}, {...headers, autoPaginate: false});
  return rows;
};

const political = 'DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING';
const searchAd = (adGroup) => ({
  adGroup,
  status: 'PAUSED',
  ad: {
    finalUrls: ['https://shop.example/'],
    responsiveSearchAd: {
      headlines: [{text: 'Shoes'}, {text: 'New shoes'}, {text: 'Buy today'}],
      descriptions: [{text: 'Good shoes'}, {text: 'Free returns'}],
      path1: 'shoes',
    },
  },
});

async function createAll() {
  const response = await call(search.mutate({
    customerId: customer,
    mutateOperations: [
      {campaignBudgetOperation: {create: {
        resourceName: nameOf('campaignBudgets', -1), name: 'Referee budget',
        amountMicros: '50000000', explicitlyShared: false}}},
      {campaignOperation: {create: {
        resourceName: nameOf('campaigns', -2), name: 'Referee', status: 'PAUSED',
        advertisingChannelType: 'SEARCH', campaignBudget: nameOf('campaignBudgets', -1),
        manualCpc: {}, containsEuPoliticalAdvertising: political,
        networkSettings: {targetGoogleSearch: true, targetSearchNetwork: true}}}},
      {campaignCriterionOperation: {create: {
        campaign: nameOf('campaigns', -2),
        location: {geoTargetConstant: 'geoTargetConstants/2276'}}}},
      {adGroupOperation: {create: {
        resourceName: nameOf('adGroups', -3), campaign: nameOf('campaigns', -2), name: 'Core',
        status: 'ENABLED', cpcBidMicros: '1000000'}}},
      {adGroupAdOperation: {create: searchAd(nameOf('adGroups', -3))}},
      {adGroupCriterionOperation: {create: {
        adGroup: nameOf('adGroups', -3), status: 'ENABLED',
        keyword: {text: 'running shoes', matchType: 'PHRASE'}}}},
    ],
  }, headers));
  const results = response.mutateOperationResponses;
  check(results.length === 6, `six results, not ${results.length}`);
  const made = {
    budget: results[0].campaignBudgetResult.resourceName,
    campaign: results[1].campaignResult.resourceName,
    adGroup: results[3].adGroupResult.resourceName,
    ad: results[4].adGroupAdResult.resourceName,
  };
  for (const [what, name] of Object.entries(made)) {
    check(/^customers\/1234567890\/\w+\/[0-9~]+$/.test(name), `${what} is called ${name}`);
  }
  return made;
}

async function oneByOne(made) {
  const budget = await call(client('CampaignBudgetServiceClient').mutateCampaignBudgets({
    customerId: customer,
    operations: [{create: {name: 'Second', amountMicros: '20000000', explicitlyShared: false}}],
    responseContentType: 'MUTABLE_RESOURCE',
  }, headers));
  check(budget.results[0].campaignBudget.amountMicros.toString() === '20000000', 'budget amount');
  const campaign = await call(client('CampaignServiceClient').mutateCampaigns({
    customerId: customer,
    operations: [{create: {
      name: 'Second', status: 'PAUSED', advertisingChannelType: 'DISPLAY',
      campaignBudget: budget.results[0].resourceName, maximizeConversions: {},
      containsEuPoliticalAdvertising: political, startDateTime: '2026-10-01 00:00:00',
      endDateTime: '2026-10-31 23:59:59'}}],
  }, headers));
  const group = await call(client('AdGroupServiceClient').mutateAdGroups({
    customerId: customer,
    operations: [{create: {campaign: campaign.results[0].resourceName, name: 'Display'}}],
  }, headers));
  const asset = await call(client('AssetServiceClient').mutateAssets({
    customerId: customer,
    operations: [{create: {name: 'Picture', type: 'IMAGE', imageAsset: {data: Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAADUlEQVR42mNk', 'base64')}}}],
  }, headers));
  const picture = {asset: asset.results[0].resourceName};
  await call(client('AdGroupAdServiceClient').mutateAdGroupAds({
    customerId: customer,
    operations: [{create: {adGroup: group.results[0].resourceName, ad: {
      finalUrls: ['https://shop.example/'],
      responsiveDisplayAd: {
        headlines: [{text: 'Shoes'}], longHeadline: {text: 'Shoes for everyone'},
        descriptions: [{text: 'Good shoes'}], businessName: 'Shop',
        marketingImages: [picture], squareMarketingImages: [picture]}}}}],
  }, headers));
  await call(client('AdGroupAssetServiceClient').mutateAdGroupAssets({
    customerId: customer,
    operations: [{create: {
      adGroup: made.adGroup, asset: picture.asset, fieldType: 'AD_IMAGE'}}],
  }, headers));
  await call(client('AdGroupCriterionServiceClient').mutateAdGroupCriteria({
    customerId: customer,
    operations: [{create: {adGroup: made.adGroup, negative: true,
                           keyword: {text: 'free', matchType: 'BROAD'}}}],
  }, headers));
  await call(client('CampaignCriterionServiceClient').mutateCampaignCriteria({
    customerId: customer,
    operations: [{create: {campaign: made.campaign,
                           language: {languageConstant: 'languageConstants/1001'}}}],
  }, headers));
  await call(client('ConversionActionServiceClient').mutateConversionActions({
    customerId: customer,
    operations: [{create: {name: 'Purchase', type: 'WEBPAGE', category: 'PURCHASE'}}],
  }, headers));
  return campaign.results[0].resourceName;
}

async function update(made, second) {
  const campaigns = client('CampaignServiceClient');
  await call(campaigns.mutateCampaigns({
    customerId: customer,
    operations: [{
      update: {resourceName: made.campaign, status: 'ENABLED',
               networkSettings: {targetSearchNetwork: false}},
      updateMask: {paths: ['status', 'network_settings.target_search_network']}}],
  }, headers));
  const [row] = await rowsOf(
      'SELECT campaign.id, campaign.status, campaign.network_settings.target_search_network, ' +
      'campaign.network_settings.target_google_search, campaign_budget.amount_micros ' +
      `FROM campaign WHERE campaign.resource_name = '${made.campaign}'`);
  check(row.campaign.status === 'ENABLED', `status ${row.campaign.status}`);
  check(row.campaign.networkSettings.targetSearchNetwork === false, 'search network');
  check(row.campaign.networkSettings.targetGoogleSearch === true, 'google search');
  check(row.campaignBudget.amountMicros.toString() === '50000000', 'budget of the campaign');

  await call(campaigns.mutateCampaigns(
      {customerId: customer, operations: [{remove: second}]}, headers));
  const [removed] = await rowsOf(
      `SELECT campaign.status FROM campaign WHERE campaign.resource_name = '${second}'`);
  check(removed.campaign.status === 'REMOVED', `status ${removed.campaign.status}`);
  const [ad] = await rowsOf(
      'SELECT ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.policy_summary.review_status, ' +
      'ad_group_ad.ad.final_urls, ad_group_ad.status, ad_group_ad.ad.type FROM ad_group_ad ' +
      `WHERE ad_group_ad.resource_name = '${made.ad}'`);
  check(ad.adGroupAd.ad.responsiveSearchAd.headlines[1].text === 'New shoes', 'headline');
  check(ad.adGroupAd.policySummary.reviewStatus === 'REVIEW_IN_PROGRESS', 'review');
  check(ad.adGroupAd.ad.type === 'RESPONSIVE_SEARCH_AD', 'type');
}

async function reports() {
  const period = "segments.date BETWEEN '2026-09-01' AND '2026-09-05'";
  const days = await rowsOf(
      'SELECT campaign.id, segments.date, metrics.cost_micros, metrics.impressions, ' +
      'metrics.clicks, metrics.ctr, metrics.average_cpc, metrics.conversions, ' +
      `metrics.conversions_value, metrics.search_impression_share FROM campaign WHERE ${period}`);
  check(days.length === 5, `five days, not ${days.length}`);
  const cost = (rows) => rows.reduce((sum, row) => sum + BigInt(row.metrics.costMicros.toString()), 0n);
  const whole = cost(days);
  check(whole > 0n, 'something was spent');
  check(days.every((row) => row.metrics.searchImpressionShare > 0), 'impression share');
  for (const [what, query] of Object.entries({
    hours: `SELECT campaign.id, segments.hour, metrics.cost_micros FROM campaign WHERE ${period}`,
    devices: `SELECT segments.device, segments.ad_network_type, metrics.cost_micros FROM ad_group ` +
             `WHERE ${period}`,
    ads: `SELECT ad_group_ad.ad.id, segments.week, segments.month, metrics.cost_micros FROM ` +
         `ad_group_ad WHERE ${period}`,
    countries: 'SELECT geographic_view.country_criterion_id, geographic_view.location_type, ' +
               `metrics.cost_micros FROM geographic_view WHERE ${period}`,
    keywords: 'SELECT ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type, ' +
              `metrics.cost_micros FROM keyword_view WHERE ${period}`,
    account: `SELECT customer.id, segments.day_of_week, segments.quarter, segments.year, ` +
             `metrics.cost_micros FROM customer WHERE ${period}`,
  })) {
    const sum = cost(await rowsOf(query));
    check(sum === whole, `${what} sum to ${sum}, days to ${whole}`);
  }
  // Searches are told as far as enough people typed them; audiences as far as there are any.
  for (const [what, query] of Object.entries({
    searches: 'SELECT search_term_view.search_term, search_term_view.status, ' +
              'search_term_view.ad_group, segments.search_term_match_type, ' +
              'segments.keyword.info.text, segments.keyword.ad_group_criterion, ' +
              `metrics.cost_micros FROM search_term_view WHERE ${period}`,
    'searches of campaigns': 'SELECT campaign_search_term_view.search_term, campaign.id, ' +
              `metrics.cost_micros FROM campaign_search_term_view WHERE ${period}`,
    audiences: 'SELECT ad_group_criterion.type, ad_group_criterion.user_list.user_list, ' +
               'ad_group_criterion.user_interest.user_interest_category, metrics.cost_micros ' +
               `FROM ad_group_audience_view WHERE ${period}`,
  })) {
    const rows = await rowsOf(query);
    const sum = cost(rows);
    check(rows.length > 1 && sum > 0n && sum <= whole, `${rows.length} ${what} sum to ${sum} of ${whole}`);
    for (const row of rows) {
      const search = row.searchTermView;
      if (!search) continue;
      check(search.searchTerm !== '' && search.status !== 'UNSPECIFIED', 'a search term');
      check(row.segments.searchTermMatchType !== 'UNSPECIFIED', 'how a search matches');
      check(row.segments.keyword.info.text !== '', 'the keyword of a search');
    }
  }
  ++calls;
  const streamed = [];
  await new Promise((resolve, reject) => {
    search.searchStream({customerId: customer,
        query: `SELECT segments.date, segments.hour, metrics.clicks FROM customer WHERE ${period}`},
        headers)
        .on('data', (chunk) => streamed.push(...chunk.results))
        .on('error', reject)
        .on('end', resolve);
  });
  check(streamed.length > 24, `${streamed.length} rows were streamed`);
}

async function pages() {
  ++calls;
  const query = 'SELECT ad_group_criterion.criterion_id FROM ad_group_criterion';
  const first = await search.search({customerId: customer, query,
      searchSettings: {returnTotalResultsCount: true}}, {...headers, autoPaginate: false});
  const [rows, next, response] = first;
  const total = Number(response.totalResultsCount.toString());
  check(rows.length === 10000 && total > 10000, `${rows.length} of ${total} rows on the first page`);
  const seen = new Set(rows.map((row) => row.adGroupCriterion.resourceName));
  ++calls;
  const [rest, none] = await search.search(next || {}, {...headers, autoPaginate: false});
  for (const row of rest) seen.add(row.adGroupCriterion.resourceName);
  check(seen.size === total, `${seen.size} different rows of ${total}`);
  check(!none || !none.pageToken, 'a third page is promised');
}

async function history() {
  const rows = await rowsOf(
      'SELECT change_event.change_date_time, change_event.client_type, change_event.user_email, ' +
      'change_event.change_resource_type, change_event.resource_change_operation, ' +
      'change_event.changed_fields, change_event.old_resource, change_event.new_resource FROM ' +
      'change_event WHERE change_event.change_date_time DURING LAST_14_DAYS LIMIT 100');
  check(rows.length > 5, `${rows.length} changes`);
  const today = await rowsOf(
      'SELECT change_event.client_type, change_event.old_resource, change_event.new_resource, ' +
      'change_event.changed_fields FROM change_event WHERE change_event.change_date_time DURING ' +
      'TODAY AND change_event.resource_change_operation = UPDATE ORDER BY ' +
      'change_event.change_date_time LIMIT 1');
  const change = today[0].changeEvent;
  check(change.clientType === 'GOOGLE_ADS_API', change.clientType);
  check(change.oldResource.campaign.status === 'PAUSED', 'old status');
  check(change.newResource.campaign.status === 'ENABLED', 'new status');
  check(change.changedFields.paths.includes('status'), 'changed fields');
}

async function errors(made) {
  const campaigns = client('CampaignServiceClient');
  const budgets = client('CampaignBudgetServiceClient');
  const good = {name: 'Good', amountMicros: '10000000', explicitlyShared: false};
  const partial = await call(budgets.mutateCampaignBudgets({
    customerId: customer, partialFailure: true,
    operations: [{create: good}, {create: {...good, name: 'Bad', amountMicros: '-1'}}],
  }, headers));
  check(partial.partialFailureError.code === 3, 'partial failure code');
  check(partial.partialFailureError.details.length === 1, 'partial failure details');
  check(partial.results[0].resourceName !== '' && !partial.results[1].resourceName, 'partial rows');

  const all = await call(search.mutate({
    customerId: customer, partialFailure: true,
    mutateOperations: [
      {campaignBudgetOperation: {create: {...good, name: 'Good 2'}}},
      {campaignBudgetOperation: {create: good}}],
  }, headers));
  check(all.mutateOperationResponses.length === 2, 'partial rows of mutate');
  check(all.partialFailureError.message !== '', 'message of a partial failure');

  const validated = await call(budgets.mutateCampaignBudgets({
    customerId: customer, validateOnly: true, operations: [{create: {...good, name: 'Never'}}],
  }, headers));
  check(validated.results.length === 0, 'a validation writes nothing');
  const never = await rowsOf(
      "SELECT campaign_budget.id FROM campaign_budget WHERE campaign_budget.name = 'Never'");
  check(never.length === 0, 'a validation wrote');

  const [failure] = await refused('a negative budget', budgets.mutateCampaignBudgets({
    customerId: customer, operations: [{create: {...good, name: 'N', amountMicros: '-10000000'}}],
  }, headers), 'campaignBudgetError', 'NEGATIVE_MONEY_AMOUNT');
  if (failure) {
    check(failure.location.fieldPathElements.map((e) => e.fieldName).join('.') ===
              'operations.create.amount_micros', 'place of an error');
    check(failure.trigger.stringValue === '-10000000', 'trigger of an error');
  }
  await refused('the same name', campaigns.mutateCampaigns({customerId: customer, operations: [{
    create: {name: 'Referee', advertisingChannelType: 'SEARCH', manualCpc: {},
             campaignBudget: made.budget, containsEuPoliticalAdvertising: political}}],
  }, headers), 'campaignError', 'DUPLICATE_CAMPAIGN_NAME');
  await refused('no declaration', campaigns.mutateCampaigns({customerId: customer, operations: [{
    create: {name: 'Other', advertisingChannelType: 'SEARCH', manualCpc: {},
             campaignBudget: made.budget}}],
  }, headers), 'mutateError', 'EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED');
  await refused('an unknown field', rowsOf('SELECT campaign.idd FROM campaign'), 'queryError',
                'UNRECOGNIZED_FIELD');
  await refused('a history without end', rowsOf(
      'SELECT change_event.client_type FROM change_event LIMIT 5'), 'changeEventError',
      'CHANGE_DATE_RANGE_INFINITE');
  await refused('a page size', search.search(
      {customerId: customer, query: 'SELECT campaign.id FROM campaign', pageSize: 50},
      {...headers, autoPaginate: false}), 'requestError', 'PAGE_SIZE_NOT_SUPPORTED');
  await refused('metrics of a manager', search.search(
      {customerId: manager, query: 'SELECT metrics.clicks FROM customer'},
      {...headers, autoPaginate: false}), 'queryError', 'REQUESTED_METRICS_FOR_MANAGER');
  await refused('a stranger', search.search(
      {customerId: '1', query: 'SELECT customer.id FROM customer'},
      {...headers, autoPaginate: false}), 'authorizationError', 'USER_PERMISSION_DENIED');
}

async function accounts() {
  const listed = await call(client('CustomerServiceClient').listAccessibleCustomers({}, headers));
  check(listed.resourceNames.includes(`customers/${customer}`), 'accessible customers');
  ++calls;
  const [clients] = await search.search({customerId: manager, query:
      'SELECT customer_client.id, customer_client.manager, customer_client.level, ' +
      'customer_client.currency_code, customer_client.time_zone FROM customer_client'},
      {...headers, autoPaginate: false});
  check(clients.length === 2 && clients[0].customerClient.manager === true, 'clients');
  const places = await rowsOf(
      'SELECT geo_target_constant.id, geo_target_constant.name, geo_target_constant.status FROM ' +
      "geo_target_constant WHERE geo_target_constant.country_code = 'DE' AND " +
      "geo_target_constant.target_type = 'Country'");
  check(places.length === 1 && places[0].geoTargetConstant.id.toString() === '2276', 'Germany');
}

(async () => {
  await accounts();
  const made = await createAll();
  const second = await oneByOne(made);
  await update(made, second);
  await reports();
  await pages();
  await history();
  await errors(made);
})().catch((error) => wrong.push(`stopped: ${error.stack} ${JSON.stringify(error.statusDetails || '')}`))
    .then(() => {
      for (const what of wrong) console.log(`wrong: ${what}`);
      console.log(`referee google: ${calls} calls judged (google-ads-node over REST)`);
      process.exit(wrong.length === 0 ? 0 : 1);
    });
