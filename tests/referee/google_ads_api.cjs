// google-ads-api's queries (REST through axios) judge the simulated Google Ads server. Its host is
// fixed, so an interceptor puts ours in; tokens come from google-auth-library.
//
// Usage: node google_ads_api.cjs ORIGIN   (the server of google_ads_referee_test.cc)
'use strict';
const axios = require('axios');
const {OAuth2Client} = require('google-auth-library');
const {GoogleAdsApi, errors, enums} = require('google-ads-api');

const base = process.argv[2];
axios.interceptors.request.use((config) => {
  config.url = config.url.replace('https://googleads.googleapis.com', base);
  return config;
});

let calls = 0;
const wrong = [];
function check(condition, what) {
  if (!condition) wrong.push(what);
}

const auth = new OAuth2Client({clientId: 'id', clientSecret: 'secret',
                               endpoints: {oauth2TokenUrl: `${base}/token`}});
auth.setCredentials({refresh_token: 'refresh'});
const customer = new GoogleAdsApi({client_id: 'id', client_secret: 'secret', developer_token: 'ignored'})
    .Customer({customer_id: '1234567890', login_customer_id: '9000000001', refresh_token: 'refresh'});
customer.getAccessToken = async () => (await auth.getAccessToken()).token;

async function refused(what, promise, family, code) {
  ++calls;
  try {
    await promise;
  } catch (error) {
    const found = error instanceof errors.GoogleAdsFailure &&
        error.errors.some((one) => one.error_code[family] === code);
    check(found, `${what}: wanted ${family} ${code}, got ${JSON.stringify(error)} ${error.message}`);
    return;
  }
  check(false, `${what}: was not refused`);
}

(async () => {
  ++calls;
  const campaigns = await customer.query(
      'SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type, ' +
      'campaign_budget.amount_micros FROM campaign ORDER BY campaign.id');
  check(campaigns.length >= 1, 'there is a campaign');
  check(campaigns[0].campaign.status === enums.CampaignStatus.ENABLED, 'status as an enum');
  check(campaigns[0].campaign_budget.amount_micros === 50000000, 'budget as a number');

  ++calls;
  const report = await customer.report({
    entity: 'campaign',
    attributes: ['campaign.id', 'campaign.name'],
    metrics: ['metrics.cost_micros', 'metrics.clicks', 'metrics.impressions', 'metrics.conversions'],
    segments: ['segments.date', 'segments.device'],
    constraints: {'campaign.status': enums.CampaignStatus.ENABLED},
    from_date: '2026-09-01',
    to_date: '2026-09-05',
    order: [{field: 'segments.date', sort_order: 'DESC'}],
  });
  check(report.length > 5, `${report.length} rows`);
  check(report[0].segments.date === '2026-09-05', `first day ${report[0].segments.date}`);
  check(report.every((row) => row.metrics.impressions >= row.metrics.clicks), 'clicks');

  ++calls;
  const count = await customer.reportCount({
    entity: 'ad_group_criterion', attributes: ['ad_group_criterion.criterion_id']});
  check(count > 10000, `${count} criteria are counted`);

  ++calls;
  let streamed = 0;
  for await (const row of customer.reportStream({
    entity: 'ad_group_criterion', attributes: [
      'ad_group_criterion.keyword.text', 'ad_group_criterion.user_list.user_list',
      'ad_group_criterion.user_interest.user_interest_category']})) {
    const {keyword, user_list: list, user_interest: interest} = row.ad_group_criterion;
    if (keyword?.text || list?.user_list || interest?.user_interest_category) ++streamed;
  }
  check(streamed === count, `${streamed} rows streamed of ${count}`);

  ++calls;
  const summed = await customer.query(
      "SELECT metrics.clicks, metrics.cost_micros, segments.date FROM customer WHERE segments.date " +
      "BETWEEN '2026-09-01' AND '2026-09-05'", {search_settings: {return_summary_row: true}});
  const days = summed.slice(1).reduce((sum, row) => sum + row.metrics.cost_micros, 0);
  check(summed[0].metrics.cost_micros === days && days > 0, 'summary row');

  await refused('an unknown field', customer.query('SELECT campaign.idd FROM campaign'),
                'query_error', errors.QueryErrorEnum.QueryError.UNRECOGNIZED_FIELD);
  await refused('a page size', customer.query('SELECT campaign.id FROM campaign', {page_size: 10}),
                'request_error', errors.RequestErrorEnum.RequestError.PAGE_SIZE_NOT_SUPPORTED);
})().catch((error) => wrong.push(`stopped: ${error.stack} ${JSON.stringify(error)}`))
    .then(() => {
      for (const what of wrong) console.log(`wrong: ${what}`);
      console.log(`referee google: ${calls} calls judged (google-ads-api)`);
      process.exit(wrong.length === 0 ? 0 : 1);
    });
