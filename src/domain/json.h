#pragma once
#include <string>
#include <string_view>

#include "domain/change.h"
#include "domain/entity.h"
#include "result/result.h"

/// JSON of what is planned, journalled and shown. Canonical: members sorted, no white space, empty
/// members left out, so equal values are equal bytes and may be hashed. Bytes that are not UTF-8
/// become U+FFFD.
///
///   FieldValue  true | 12 | "text" | {"currency":"EUR","money":"12.34"} | ["a","b"]
///   Fields      {"daily_budget":{"currency":"EUR","money":"50.00"},"status":"paused"}
///   Change      {"account":"meta/42","action":"create","address":"spring/social",...}
///
/// Reading takes exactly that, in any order and spacing, and nothing else: unknown or repeated
/// members, other types, numbers that are not integers where one is due, money as a number, more
/// than 32 levels and unknown words are kInvalidArgument, naming the place ("change.before.bid").
/// An object that was read and is written again is the same value.
namespace maxopt {

std::string ToJson(const FieldValue& value);
Result<FieldValue> FieldValueFromJson(std::string_view json);

std::string ToJson(const Fields& fields);
Result<Fields> FieldsFromJson(std::string_view json);

std::string ToJson(const Entity& entity);
Result<Entity> EntityFromJson(std::string_view json);

/// Requires finite numbers.
std::string ToJson(const Prediction& prediction);
Result<Prediction> PredictionFromJson(std::string_view json);

/// Evidence is written as the object it is (text that is no JSON object, as text) and read back in
/// canonical form.
std::string ToJson(const Change& change);
Result<Change> ChangeFromJson(std::string_view json);

}  // namespace maxopt
