#include "memory/facts/unified.h"

namespace maxopt::facts {

// docs/attribution.md explains the views. Each unified__ view is a report of dbt_ad_reporting with
// what that lacks (currency, zone, window, exact amounts); the ad_reporting__ view over it has that
// package's columns, order and types, no more.
const char* const kUnifiedTablesSql = R"sql(
-- Rates of exchange, dated, and when they were learnt. One unit of from_currency is worth rate units
-- of to_currency on that day; rate_e12 is the same number as an integer.
CREATE TABLE fx (day DATE, from_currency VARCHAR, to_currency VARCHAR, rate VARCHAR,
                 rate_e12 BIGINT, source VARCHAR, learnt_at TIMESTAMP, superseded_at TIMESTAMP);
CREATE VIEW fx_current AS
SELECT day, from_currency, to_currency, CAST(rate AS DECIMAL(38, 12)) AS rate, source, learnt_at
FROM fx WHERE superseded_at IS NULL;

-- Where the ads of an object lead, with their parameters, while it held.
ALTER TABLE entities ADD COLUMN url VARCHAR;

-- Which slices answer a report: of each account and day the first kind that is there. Two levels are
-- never added, and a day known by the hour only is summed from its hours.
CREATE TABLE report_levels (report VARCHAR, breakdown VARCHAR, level VARCHAR, preference INTEGER);
INSERT INTO report_levels VALUES
  ('account', 'none', 'account', 0), ('account', 'none', 'campaign', 1),
  ('account', 'none', 'ad_group', 2), ('account', 'none', 'ad', 3),
  ('campaign', 'none', 'campaign', 0), ('campaign', 'none', 'ad_group', 1),
  ('campaign', 'none', 'ad', 2), ('ad_group', 'none', 'ad_group', 0),
  ('ad_group', 'none', 'ad', 1), ('ad', 'none', 'ad', 0),
  ('url', 'none', 'ad', 0), ('keyword', 'keyword', 'ad_group', 0),
  ('keyword', 'keyword', 'ad', 1), ('keyword', 'keyword', 'campaign', 2),
  ('keyword', 'keyword', 'account', 3), ('search', 'search_term', 'ad_group', 0),
  ('search', 'search_term', 'ad', 1), ('search', 'search_term', 'campaign', 2),
  ('search', 'search_term', 'account', 3), ('country', 'country', 'campaign', 0),
  ('country', 'country', 'ad_group', 1), ('country', 'country', 'ad', 2),
  ('country', 'country', 'account', 3), ('region', 'region', 'campaign', 0),
  ('region', 'region', 'ad_group', 1), ('region', 'region', 'ad', 2),
  ('region', 'region', 'account', 3);

CREATE VIEW report_slices AS
SELECT * EXCLUDE (place)
FROM (SELECT s.slice_id, s.account_key, s.day, s.attribution_window, s.learnt_at, r.report,
             rank() OVER (PARTITION BY s.account_key, s.day, r.report
                          ORDER BY r.preference, s.grain) AS place
      FROM slices s JOIN report_levels r ON r.breakdown = s.breakdown AND r.level = s.level
      WHERE s.superseded_at IS NULL)
WHERE place = 1;

-- The words of dbt_ad_reporting: its platform keys, and the names that a platform does not give.
CREATE VIEW unified_rows AS
SELECT s.report, s.day,
       CASE a.platform WHEN 'meta' THEN 'facebook_ads' WHEN 'x' THEN 'twitter_ads'
                       WHEN 'google_ads' THEN 'google_ads' WHEN 'other' THEN 'other'
                       ELSE a.platform || '_ads' END AS platform,
       a.account_id, CASE a.platform WHEN 'reddit' THEN NULL ELSE ae.name END AS account_name,
       a.currency, a.zone, s.attribution_window, s.learnt_at,
       nullif(c.id, '') AS campaign_id,
       CASE WHEN a.platform = 'meta' AND s.report IN ('country', 'region') AND m.campaign_key = 0
            THEN 'Account-level' ELSE ce.name END AS campaign_name,
       nullif(g.id, '') AS ad_group_id, ge.name AS ad_group_name, nullif(d.id, '') AS ad_id,
       CASE a.platform WHEN 'linkedin' THEN NULL ELSE de.name END AS ad_name, de.url,
       x.segment, m.clicks, m.impressions, m.spend_micros, m.conversions, m.revenue_micros
FROM metrics m
JOIN report_slices s ON s.slice_id = m.slice_id
JOIN accounts a ON a.account_key = s.account_key
LEFT JOIN entities ae ON ae.object_key = a.object_key AND ae.superseded_at IS NULL
LEFT JOIN objects c ON c.object_key = m.campaign_key
LEFT JOIN entities ce ON ce.object_key = m.campaign_key AND ce.superseded_at IS NULL
LEFT JOIN objects g ON g.object_key = m.ad_group_key
LEFT JOIN entities ge ON ge.object_key = m.ad_group_key AND ge.superseded_at IS NULL
LEFT JOIN objects d ON d.object_key = m.ad_key
LEFT JOIN entities de ON de.object_key = m.ad_key AND de.superseded_at IS NULL
LEFT JOIN segments x ON x.segment_key = m.segment_key;

)sql";

const char* const kCountriesSql = R"sql(
-- ISO 3166-1 codes with the usual English names (tzdb's iso3166.tab, public domain) and the
-- subregions of UN M49.
CREATE TABLE countries (code VARCHAR, name VARCHAR, region VARCHAR);
INSERT INTO countries VALUES
  ('AD', 'Andorra', 'Southern Europe'),
  ('AE', 'United Arab Emirates', 'Western Asia'),
  ('AF', 'Afghanistan', 'Southern Asia'),
  ('AG', 'Antigua & Barbuda', 'Latin America and the Caribbean'),
  ('AI', 'Anguilla', 'Latin America and the Caribbean'),
  ('AL', 'Albania', 'Southern Europe'),
  ('AM', 'Armenia', 'Western Asia'),
  ('AO', 'Angola', 'Sub-Saharan Africa'),
  ('AQ', 'Antarctica', NULL),
  ('AR', 'Argentina', 'Latin America and the Caribbean'),
  ('AS', 'Samoa (American)', 'Polynesia'),
  ('AT', 'Austria', 'Western Europe'),
  ('AU', 'Australia', 'Australia and New Zealand'),
  ('AW', 'Aruba', 'Latin America and the Caribbean'),
  ('AX', 'Åland Islands', 'Northern Europe'),
  ('AZ', 'Azerbaijan', 'Western Asia'),
  ('BA', 'Bosnia & Herzegovina', 'Southern Europe'),
  ('BB', 'Barbados', 'Latin America and the Caribbean'),
  ('BD', 'Bangladesh', 'Southern Asia'),
  ('BE', 'Belgium', 'Western Europe'),
  ('BF', 'Burkina Faso', 'Sub-Saharan Africa'),
  ('BG', 'Bulgaria', 'Eastern Europe'),
  ('BH', 'Bahrain', 'Western Asia'),
  ('BI', 'Burundi', 'Sub-Saharan Africa'),
  ('BJ', 'Benin', 'Sub-Saharan Africa'),
  ('BL', 'St Barthelemy', 'Latin America and the Caribbean'),
  ('BM', 'Bermuda', 'Northern America'),
  ('BN', 'Brunei', 'South-eastern Asia'),
  ('BO', 'Bolivia', 'Latin America and the Caribbean'),
  ('BQ', 'Caribbean NL', 'Latin America and the Caribbean'),
  ('BR', 'Brazil', 'Latin America and the Caribbean'),
  ('BS', 'Bahamas', 'Latin America and the Caribbean'),
  ('BT', 'Bhutan', 'Southern Asia'),
  ('BV', 'Bouvet Island', 'Latin America and the Caribbean'),
  ('BW', 'Botswana', 'Sub-Saharan Africa'),
  ('BY', 'Belarus', 'Eastern Europe'),
  ('BZ', 'Belize', 'Latin America and the Caribbean'),
  ('CA', 'Canada', 'Northern America'),
  ('CC', 'Cocos (Keeling) Islands', 'Australia and New Zealand'),
  ('CD', 'Congo (Dem. Rep.)', 'Sub-Saharan Africa'),
  ('CF', 'Central African Rep.', 'Sub-Saharan Africa'),
  ('CG', 'Congo (Rep.)', 'Sub-Saharan Africa'),
  ('CH', 'Switzerland', 'Western Europe'),
  ('CI', 'Côte d’Ivoire', 'Sub-Saharan Africa'),
  ('CK', 'Cook Islands', 'Polynesia'),
  ('CL', 'Chile', 'Latin America and the Caribbean'),
  ('CM', 'Cameroon', 'Sub-Saharan Africa'),
  ('CN', 'China', 'Eastern Asia'),
  ('CO', 'Colombia', 'Latin America and the Caribbean'),
  ('CR', 'Costa Rica', 'Latin America and the Caribbean'),
  ('CU', 'Cuba', 'Latin America and the Caribbean'),
  ('CV', 'Cape Verde', 'Sub-Saharan Africa'),
  ('CW', 'Curaçao', 'Latin America and the Caribbean'),
  ('CX', 'Christmas Island', 'Australia and New Zealand'),
  ('CY', 'Cyprus', 'Western Asia'),
  ('CZ', 'Czech Republic', 'Eastern Europe'),
  ('DE', 'Germany', 'Western Europe'),
  ('DJ', 'Djibouti', 'Sub-Saharan Africa'),
  ('DK', 'Denmark', 'Northern Europe'),
  ('DM', 'Dominica', 'Latin America and the Caribbean'),
  ('DO', 'Dominican Republic', 'Latin America and the Caribbean'),
  ('DZ', 'Algeria', 'Northern Africa'),
  ('EC', 'Ecuador', 'Latin America and the Caribbean'),
  ('EE', 'Estonia', 'Northern Europe'),
  ('EG', 'Egypt', 'Northern Africa'),
  ('EH', 'Western Sahara', 'Northern Africa'),
  ('ER', 'Eritrea', 'Sub-Saharan Africa'),
  ('ES', 'Spain', 'Southern Europe'),
  ('ET', 'Ethiopia', 'Sub-Saharan Africa'),
  ('FI', 'Finland', 'Northern Europe'),
  ('FJ', 'Fiji', 'Melanesia'),
  ('FK', 'Falkland Islands', 'Latin America and the Caribbean'),
  ('FM', 'Micronesia', 'Micronesia'),
  ('FO', 'Faroe Islands', 'Northern Europe'),
  ('FR', 'France', 'Western Europe'),
  ('GA', 'Gabon', 'Sub-Saharan Africa'),
  ('GB', 'Britain (UK)', 'Northern Europe'),
  ('GD', 'Grenada', 'Latin America and the Caribbean'),
  ('GE', 'Georgia', 'Western Asia'),
  ('GF', 'French Guiana', 'Latin America and the Caribbean'),
  ('GG', 'Guernsey', 'Northern Europe'),
  ('GH', 'Ghana', 'Sub-Saharan Africa'),
  ('GI', 'Gibraltar', 'Southern Europe'),
  ('GL', 'Greenland', 'Northern America'),
  ('GM', 'Gambia', 'Sub-Saharan Africa'),
  ('GN', 'Guinea', 'Sub-Saharan Africa'),
  ('GP', 'Guadeloupe', 'Latin America and the Caribbean'),
  ('GQ', 'Equatorial Guinea', 'Sub-Saharan Africa'),
  ('GR', 'Greece', 'Southern Europe'),
  ('GS', 'South Georgia & the South Sandwich Islands', 'Latin America and the Caribbean'),
  ('GT', 'Guatemala', 'Latin America and the Caribbean'),
  ('GU', 'Guam', 'Micronesia'),
  ('GW', 'Guinea-Bissau', 'Sub-Saharan Africa'),
  ('GY', 'Guyana', 'Latin America and the Caribbean'),
  ('HK', 'Hong Kong', 'Eastern Asia'),
  ('HM', 'Heard Island & McDonald Islands', 'Australia and New Zealand'),
  ('HN', 'Honduras', 'Latin America and the Caribbean'),
  ('HR', 'Croatia', 'Southern Europe'),
  ('HT', 'Haiti', 'Latin America and the Caribbean'),
  ('HU', 'Hungary', 'Eastern Europe'),
  ('ID', 'Indonesia', 'South-eastern Asia'),
  ('IE', 'Ireland', 'Northern Europe'),
  ('IL', 'Israel', 'Western Asia'),
  ('IM', 'Isle of Man', 'Northern Europe'),
  ('IN', 'India', 'Southern Asia'),
  ('IO', 'British Indian Ocean Territory', 'Sub-Saharan Africa'),
  ('IQ', 'Iraq', 'Western Asia'),
  ('IR', 'Iran', 'Southern Asia'),
  ('IS', 'Iceland', 'Northern Europe'),
  ('IT', 'Italy', 'Southern Europe'),
  ('JE', 'Jersey', 'Northern Europe'),
  ('JM', 'Jamaica', 'Latin America and the Caribbean'),
  ('JO', 'Jordan', 'Western Asia'),
  ('JP', 'Japan', 'Eastern Asia'),
  ('KE', 'Kenya', 'Sub-Saharan Africa'),
  ('KG', 'Kyrgyzstan', 'Central Asia'),
  ('KH', 'Cambodia', 'South-eastern Asia'),
  ('KI', 'Kiribati', 'Micronesia'),
  ('KM', 'Comoros', 'Sub-Saharan Africa'),
  ('KN', 'St Kitts & Nevis', 'Latin America and the Caribbean'),
  ('KP', 'Korea (North)', 'Eastern Asia'),
  ('KR', 'Korea (South)', 'Eastern Asia'),
  ('KW', 'Kuwait', 'Western Asia'),
  ('KY', 'Cayman Islands', 'Latin America and the Caribbean'),
  ('KZ', 'Kazakhstan', 'Central Asia'),
  ('LA', 'Laos', 'South-eastern Asia'),
  ('LB', 'Lebanon', 'Western Asia'),
  ('LC', 'St Lucia', 'Latin America and the Caribbean'),
  ('LI', 'Liechtenstein', 'Western Europe'),
  ('LK', 'Sri Lanka', 'Southern Asia'),
  ('LR', 'Liberia', 'Sub-Saharan Africa'),
  ('LS', 'Lesotho', 'Sub-Saharan Africa'),
  ('LT', 'Lithuania', 'Northern Europe'),
  ('LU', 'Luxembourg', 'Western Europe'),
  ('LV', 'Latvia', 'Northern Europe'),
  ('LY', 'Libya', 'Northern Africa'),
  ('MA', 'Morocco', 'Northern Africa'),
  ('MC', 'Monaco', 'Western Europe'),
  ('MD', 'Moldova', 'Eastern Europe'),
  ('ME', 'Montenegro', 'Southern Europe'),
  ('MF', 'St Martin (French)', 'Latin America and the Caribbean'),
  ('MG', 'Madagascar', 'Sub-Saharan Africa'),
  ('MH', 'Marshall Islands', 'Micronesia'),
  ('MK', 'North Macedonia', 'Southern Europe'),
  ('ML', 'Mali', 'Sub-Saharan Africa'),
  ('MM', 'Myanmar (Burma)', 'South-eastern Asia'),
  ('MN', 'Mongolia', 'Eastern Asia'),
  ('MO', 'Macau', 'Eastern Asia'),
  ('MP', 'Northern Mariana Islands', 'Micronesia'),
  ('MQ', 'Martinique', 'Latin America and the Caribbean'),
  ('MR', 'Mauritania', 'Sub-Saharan Africa'),
  ('MS', 'Montserrat', 'Latin America and the Caribbean'),
  ('MT', 'Malta', 'Southern Europe'),
  ('MU', 'Mauritius', 'Sub-Saharan Africa'),
  ('MV', 'Maldives', 'Southern Asia'),
  ('MW', 'Malawi', 'Sub-Saharan Africa'),
  ('MX', 'Mexico', 'Latin America and the Caribbean'),
  ('MY', 'Malaysia', 'South-eastern Asia'),
  ('MZ', 'Mozambique', 'Sub-Saharan Africa'),
  ('NA', 'Namibia', 'Sub-Saharan Africa'),
  ('NC', 'New Caledonia', 'Melanesia'),
  ('NE', 'Niger', 'Sub-Saharan Africa'),
  ('NF', 'Norfolk Island', 'Australia and New Zealand'),
  ('NG', 'Nigeria', 'Sub-Saharan Africa'),
  ('NI', 'Nicaragua', 'Latin America and the Caribbean'),
  ('NL', 'Netherlands', 'Western Europe'),
  ('NO', 'Norway', 'Northern Europe'),
  ('NP', 'Nepal', 'Southern Asia'),
  ('NR', 'Nauru', 'Micronesia'),
  ('NU', 'Niue', 'Polynesia'),
  ('NZ', 'New Zealand', 'Australia and New Zealand'),
  ('OM', 'Oman', 'Western Asia'),
  ('PA', 'Panama', 'Latin America and the Caribbean'),
  ('PE', 'Peru', 'Latin America and the Caribbean'),
  ('PF', 'French Polynesia', 'Polynesia'),
  ('PG', 'Papua New Guinea', 'Melanesia'),
  ('PH', 'Philippines', 'South-eastern Asia'),
  ('PK', 'Pakistan', 'Southern Asia'),
  ('PL', 'Poland', 'Eastern Europe'),
  ('PM', 'St Pierre & Miquelon', 'Northern America'),
  ('PN', 'Pitcairn', 'Polynesia'),
  ('PR', 'Puerto Rico', 'Latin America and the Caribbean'),
  ('PS', 'Palestine', 'Western Asia'),
  ('PT', 'Portugal', 'Southern Europe'),
  ('PW', 'Palau', 'Micronesia'),
  ('PY', 'Paraguay', 'Latin America and the Caribbean'),
  ('QA', 'Qatar', 'Western Asia'),
  ('RE', 'Réunion', 'Sub-Saharan Africa'),
  ('RO', 'Romania', 'Eastern Europe'),
  ('RS', 'Serbia', 'Southern Europe'),
  ('RU', 'Russia', 'Eastern Europe'),
  ('RW', 'Rwanda', 'Sub-Saharan Africa'),
  ('SA', 'Saudi Arabia', 'Western Asia'),
  ('SB', 'Solomon Islands', 'Melanesia'),
  ('SC', 'Seychelles', 'Sub-Saharan Africa'),
  ('SD', 'Sudan', 'Northern Africa'),
  ('SE', 'Sweden', 'Northern Europe'),
  ('SG', 'Singapore', 'South-eastern Asia'),
  ('SH', 'St Helena', 'Sub-Saharan Africa'),
  ('SI', 'Slovenia', 'Southern Europe'),
  ('SJ', 'Svalbard & Jan Mayen', 'Northern Europe'),
  ('SK', 'Slovakia', 'Eastern Europe'),
  ('SL', 'Sierra Leone', 'Sub-Saharan Africa'),
  ('SM', 'San Marino', 'Southern Europe'),
  ('SN', 'Senegal', 'Sub-Saharan Africa'),
  ('SO', 'Somalia', 'Sub-Saharan Africa'),
  ('SR', 'Suriname', 'Latin America and the Caribbean'),
  ('SS', 'South Sudan', 'Sub-Saharan Africa'),
  ('ST', 'Sao Tome & Principe', 'Sub-Saharan Africa'),
  ('SV', 'El Salvador', 'Latin America and the Caribbean'),
  ('SX', 'St Maarten (Dutch)', 'Latin America and the Caribbean'),
  ('SY', 'Syria', 'Western Asia'),
  ('SZ', 'Eswatini (Swaziland)', 'Sub-Saharan Africa'),
  ('TC', 'Turks & Caicos Is', 'Latin America and the Caribbean'),
  ('TD', 'Chad', 'Sub-Saharan Africa'),
  ('TF', 'French S. Terr.', 'Sub-Saharan Africa'),
  ('TG', 'Togo', 'Sub-Saharan Africa'),
  ('TH', 'Thailand', 'South-eastern Asia'),
  ('TJ', 'Tajikistan', 'Central Asia'),
  ('TK', 'Tokelau', 'Polynesia'),
  ('TL', 'East Timor', 'South-eastern Asia'),
  ('TM', 'Turkmenistan', 'Central Asia'),
  ('TN', 'Tunisia', 'Northern Africa'),
  ('TO', 'Tonga', 'Polynesia'),
  ('TR', 'Turkey', 'Western Asia'),
  ('TT', 'Trinidad & Tobago', 'Latin America and the Caribbean'),
  ('TV', 'Tuvalu', 'Polynesia'),
  ('TW', 'Taiwan', 'Eastern Asia'),
  ('TZ', 'Tanzania', 'Sub-Saharan Africa'),
  ('UA', 'Ukraine', 'Eastern Europe'),
  ('UG', 'Uganda', 'Sub-Saharan Africa'),
  ('UM', 'US minor outlying islands', 'Micronesia'),
  ('US', 'United States', 'Northern America'),
  ('UY', 'Uruguay', 'Latin America and the Caribbean'),
  ('UZ', 'Uzbekistan', 'Central Asia'),
  ('VA', 'Vatican City', 'Southern Europe'),
  ('VC', 'St Vincent', 'Latin America and the Caribbean'),
  ('VE', 'Venezuela', 'Latin America and the Caribbean'),
  ('VG', 'Virgin Islands (UK)', 'Latin America and the Caribbean'),
  ('VI', 'Virgin Islands (US)', 'Latin America and the Caribbean'),
  ('VN', 'Vietnam', 'South-eastern Asia'),
  ('VU', 'Vanuatu', 'Melanesia'),
  ('WF', 'Wallis & Futuna', 'Polynesia'),
  ('WS', 'Samoa (western)', 'Polynesia'),
  ('YE', 'Yemen', 'Western Asia'),
  ('YT', 'Mayotte', 'Sub-Saharan Africa'),
  ('ZA', 'South Africa', 'Sub-Saharan Africa'),
  ('ZM', 'Zambia', 'Sub-Saharan Africa'),
  ('ZW', 'Zimbabwe', 'Sub-Saharan Africa');
)sql";

const char* const kUnifiedViewsSql = R"sql(
CREATE VIEW unified__account_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'account'
GROUP BY 1, 2, 3, 4, 5, 6, 7;

CREATE VIEW ad_reporting__account_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__account_report
GROUP BY 1, 2, 3, 4, 5;

CREATE VIEW unified__campaign_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'campaign'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

CREATE VIEW ad_reporting__campaign_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__campaign_report
GROUP BY 1, 2, 3, 4, 5, 6, 7;

CREATE VIEW unified__ad_group_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.ad_group_id,
       u.ad_group_name,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'ad_group'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;

CREATE VIEW ad_reporting__ad_group_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, ad_group_id, ad_group_name,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__ad_group_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

CREATE VIEW unified__ad_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.ad_group_id,
       u.ad_group_name,
       u.ad_id,
       u.ad_name,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'ad'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13;

CREATE VIEW ad_reporting__ad_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, ad_name,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__ad_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;

CREATE VIEW unified__keyword_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.ad_group_id,
       u.ad_group_name,
       CAST(NULL AS VARCHAR) AS keyword_id,
       regexp_replace(u.segment, '^(exact|phrase|broad):', '') AS keyword_text,
       nullif(upper(regexp_extract(u.segment, '^(exact|phrase|broad):', 1)), '') AS keyword_match_type,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'keyword'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14;

CREATE VIEW ad_reporting__keyword_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, ad_group_id, ad_group_name, keyword_id, keyword_text, keyword_match_type,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__keyword_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;

CREATE VIEW unified__search_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.ad_group_id,
       u.ad_group_name,
       CAST(NULL AS VARCHAR) AS keyword_id,
       CAST(NULL AS VARCHAR) AS keyword_text,
       u.segment AS search_query,
       CAST(NULL AS VARCHAR) AS search_match_type,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'search'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15;

CREATE VIEW ad_reporting__search_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, ad_group_id, ad_group_name, keyword_id, keyword_text, search_query, search_match_type,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__search_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13;

CREATE VIEW unified__url_report AS
SELECT u.day AS date_day,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.ad_group_id,
       u.ad_group_name,
       nullif(split_part(split_part(u.url, '#', 1), '?', 1), '') AS base_url,
       nullif(split_part(split_part(split_part(regexp_replace(u.url, '^[a-z-]+://', ''), '#', 1), '?', 1), '/', 1), '') AS url_host,
       '/' || regexp_extract(split_part(split_part(u.url, '#', 1), '?', 1), '^[a-z-]+://[^/]*/(.*)$', 1) AS url_path,
       nullif(regexp_extract(u.url, '[?&]utm_source=([^&#]*)', 1), '') AS utm_source,
       nullif(regexp_extract(u.url, '[?&]utm_medium=([^&#]*)', 1), '') AS utm_medium,
       nullif(regexp_extract(u.url, '[?&]utm_campaign=([^&#]*)', 1), '') AS utm_campaign,
       nullif(regexp_extract(u.url, '[?&]utm_content=([^&#]*)', 1), '') AS utm_content,
       nullif(regexp_extract(u.url, '[?&]utm_term=([^&#]*)', 1), '') AS utm_term,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'url' AND u.url IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19;

CREATE VIEW ad_reporting__url_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, ad_group_id, ad_group_name, base_url, url_host, url_path, utm_source, utm_medium, utm_campaign, utm_content, utm_term,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__url_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17;

CREATE VIEW unified__monthly_campaign_country_report AS
SELECT CAST(date_trunc('month', u.day) AS DATE) AS date_month,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       coalesce(k.name, u.segment) AS country,
       u.segment AS country_code,
       k.region AS global_region,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
LEFT JOIN countries k ON k.code = u.segment
WHERE u.report = 'country'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;

CREATE VIEW ad_reporting__monthly_campaign_country_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_month, platform, account_id, account_name, campaign_id, campaign_name, country, country_code, global_region,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__monthly_campaign_country_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

CREATE VIEW unified__monthly_campaign_region_report AS
SELECT CAST(date_trunc('month', u.day) AS DATE) AS date_month,
       u.platform,
       u.account_id,
       u.account_name,
       u.campaign_id,
       u.campaign_name,
       u.segment AS region,
       u.currency,
       u.zone,
       u.attribution_window,
       max(u.learnt_at) AS learnt_at, sum(u.clicks) AS clicks, sum(u.impressions) AS impressions,
       sum(u.spend_micros) AS spend_micros, sum(u.conversions) AS conversions,
       sum(u.revenue_micros) AS conversions_value_micros
FROM unified_rows u
WHERE u.report = 'region'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

CREATE VIEW ad_reporting__monthly_campaign_region_report AS
SELECT CAST('' AS VARCHAR) AS source_relation, date_month, platform, account_id, account_name, campaign_id, campaign_name, region,
       CAST(sum(clicks) AS BIGINT) AS clicks, CAST(sum(impressions) AS BIGINT) AS impressions,
       CAST(sum(spend_micros) AS DOUBLE) / 1000000 AS spend,
       CAST(sum(conversions) AS DOUBLE) AS conversions,
       CAST(sum(conversions_value_micros) AS DOUBLE) / 1000000 AS conversions_value
FROM unified__monthly_campaign_region_report
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
)sql";

}  // namespace maxopt::facts
