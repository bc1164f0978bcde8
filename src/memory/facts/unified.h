#pragma once

/// A step of the schema: rates of exchange, and the nine reports of dbt_ad_reporting as views over
/// the facts. Inside of this folder only. A step that was released is never changed.
namespace maxopt::facts {

extern const char* const kUnifiedTablesSql;
extern const char* const kCountriesSql;
extern const char* const kUnifiedViewsSql;

}  // namespace maxopt::facts
