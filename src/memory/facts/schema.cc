#include "memory/facts/schema.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "memory/facts/unified.h"

namespace maxopt::facts {
namespace {

// docs/facts.md explains the tables. There are no indexes or constraints on purpose: they cost the
// appender more than the rows, and this program is the only writer.
//
// Ids and names are kept once, in small tables; the metrics hold integer keys, 0 for "none", so
// that a roll-up groups and joins by integers. The day is repeated in the metrics: rows arrive
// day by day, so a range of days is a range of row groups and the rest is never read.
constexpr const char* kFirstStep =
    R"sql(
CREATE TABLE accounts (account_key INTEGER, object_key INTEGER, platform VARCHAR,
                       account_id VARCHAR, currency VARCHAR, zone VARCHAR);
CREATE TABLE objects (object_key INTEGER, account_key INTEGER, level VARCHAR, id VARCHAR);
CREATE TABLE segments (segment_key INTEGER, segment VARCHAR);

CREATE TABLE entities (object_key INTEGER, account_key INTEGER, name VARCHAR, parent_key INTEGER,
                       learnt_at TIMESTAMP, superseded_at TIMESTAMP);
CREATE TABLE entity_loads (account_key INTEGER, learnt_at TIMESTAMP);

CREATE TABLE loads (load_id BIGINT, account_key INTEGER, level VARCHAR, grain VARCHAR,
                    breakdown VARCHAR, day_from DATE, day_to DATE, learnt_at TIMESTAMP,
                    attribution_window VARCHAR, source VARCHAR, rows BIGINT);
CREATE TABLE slices (slice_id BIGINT, load_id BIGINT, account_key INTEGER, level VARCHAR,
                     grain VARCHAR, breakdown VARCHAR, day DATE, learnt_at TIMESTAMP,
                     superseded_at TIMESTAMP, content_hash VARCHAR, rows BIGINT,
                     attribution_window VARCHAR);
CREATE TABLE metrics (slice_id BIGINT, day DATE, hour TINYINT, campaign_key INTEGER,
                      ad_group_key INTEGER, ad_key INTEGER, segment_key INTEGER,
                      spend_micros BIGINT, impressions BIGINT, clicks BIGINT, conversions DOUBLE,
                      revenue_micros BIGINT, impression_share DOUBLE);

CREATE TABLE kpi_loads (client VARCHAR, day_from DATE, day_to DATE, learnt_at TIMESTAMP,
                        source VARCHAR, rows BIGINT);
CREATE TABLE kpi (client VARCHAR, day DATE, currency VARCHAR, orders BIGINT, revenue_micros BIGINT,
                  learnt_at TIMESTAMP, superseded_at TIMESTAMP);

CREATE VIEW metrics_current AS
SELECT a.platform, a.account_id, ae.name AS account, a.currency, s.level, s.grain, s.breakdown,
       m.day, m.hour, nullif(c.id, '') AS campaign_id, ce.name AS campaign, nullif(g.id, '') AS ad_group_id,
       ge.name AS ad_group, nullif(d.id, '') AS ad_id, de.name AS ad, x.segment,
       CAST(m.spend_micros AS DECIMAL(38, 6)) / 1000000 AS spend, m.spend_micros, m.impressions,
       m.clicks, m.conversions AS conversions_claimed, m.revenue_micros AS revenue_claimed_micros,
       m.impression_share, s.attribution_window, s.learnt_at, l.source
FROM metrics m
JOIN slices s ON s.slice_id = m.slice_id AND s.superseded_at IS NULL
JOIN accounts a ON a.account_key = s.account_key
LEFT JOIN loads l ON l.load_id = s.load_id
LEFT JOIN entities ae ON ae.object_key = a.object_key AND ae.superseded_at IS NULL
LEFT JOIN objects c ON c.object_key = m.campaign_key
LEFT JOIN entities ce ON ce.object_key = m.campaign_key AND ce.superseded_at IS NULL
LEFT JOIN objects g ON g.object_key = m.ad_group_key
LEFT JOIN entities ge ON ge.object_key = m.ad_group_key AND ge.superseded_at IS NULL
LEFT JOIN objects d ON d.object_key = m.ad_key
LEFT JOIN entities de ON de.object_key = m.ad_key AND de.superseded_at IS NULL
LEFT JOIN segments x ON x.segment_key = m.segment_key;

CREATE VIEW kpi_current AS
SELECT client, day, currency, orders, CAST(revenue_micros AS DECIMAL(38, 6)) / 1000000 AS revenue,
       revenue_micros, learnt_at
FROM kpi WHERE superseded_at IS NULL;
)sql";

/// Shares of the impressions that were to be had, lost to budget and to rank.
constexpr const char* kSharesSql = R"sql(
ALTER TABLE metrics ADD COLUMN lost_to_budget DOUBLE;
ALTER TABLE metrics ADD COLUMN lost_to_rank DOUBLE;
)sql";

/// Readings that failed, judgements of days, and what was told once.
constexpr const char* kQualitySql = R"sql(
CREATE TABLE troubles (account_key INTEGER, level VARCHAR, grain VARCHAR, breakdown VARCHAR,
                       day_from DATE, day_to DATE, tried_at TIMESTAMP, why VARCHAR);
CREATE TABLE quality (account_key INTEGER, day DATE, judged_at TIMESTAMP, completeness VARCHAR,
                      completeness_why VARCHAR, freshness VARCHAR, freshness_why VARCHAR,
                      reconciliation VARCHAR, reconciliation_why VARCHAR, maturity VARCHAR,
                      maturity_why VARCHAR, share_known DOUBLE, read_at TIMESTAMP,
                      unattributed_micros BIGINT);
CREATE TABLE told (account_key INTEGER, what VARCHAR, first_at TIMESTAMP);
)sql";

/// Each step is one transaction of these statements.
const std::vector<const char*> kSteps[] = {
    {kFirstStep},
    {kUnifiedTablesSql, kCountriesSql, kUnifiedViewsSql},
    {kSharesSql},
    {kQualitySql},
};

}  // namespace

Result<> MigrateSchema(Connection& connection) {
  MAXOPT_CHECK(connection.Do("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)"));
  MAXOPT_TRY(Rows rows, connection.Ask("SELECT coalesce(max(version), 0) FROM schema_version"));
  if (!rows.Next()) Bug();
  const auto steps = static_cast<std::int64_t>(std::size(kSteps));
  const std::int64_t have = rows.Int(0);
  if (have > steps) {
    return Fail(Errc::kLocal,
                fmt::format("the facts are of schema {}, written by a newer maxopt; this one knows "
                            "schema {}: use the newer one",
                            have, steps));
  }
  for (std::int64_t step = have; step < steps; ++step) {
    MAXOPT_TRY(Transaction transaction, Transaction::Begin(connection));
    for (const char* sql : kSteps[step]) MAXOPT_CHECK(connection.Do(sql));
    MAXOPT_CHECK(connection.Do(fmt::format("INSERT INTO schema_version VALUES ({})", step + 1)));
    MAXOPT_CHECK(transaction.Commit());
  }
  return {};
}

}  // namespace maxopt::facts
