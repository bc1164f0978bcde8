#pragma once
#include <span>
#include <string>
#include <string_view>

#include "domain/entity.h"

/// Meta's words and ours. Inside of this folder only.
namespace maxopt::meta {

struct Word {
  std::string_view meta;
  std::string_view ours;
};

/// Where several words of one side mean one of the other, the first is the one that is written.
std::span<const Word> Objectives();
std::span<const Word> BidStrategies();
std::span<const Word> OptimizationGoals();
std::span<const Word> BillingEvents();
std::span<const Word> SpecialCategories();
/// What is counted, promoted_object.custom_event_type. Not every word of Meta has one of ours: the
/// others are theirs in lower case.
std::span<const Word> ConversionEvents();
/// Whether the event is one that an ad set can be optimised for.
bool IsConversionEvent(std::string_view meta);
std::span<const Word> EffectiveStatuses();
std::span<const Word> LearningStatuses();
/// Locale ids of Meta that stand for a language as a whole first, then its regional ones.
std::span<const Word> Locales();

/// Meta's word in ours; "" when it has none.
std::string_view Ours(std::span<const Word> words, std::string_view meta);
/// Our word in Meta's; "" when it has none.
std::string_view Metas(std::span<const Word> words, std::string_view ours);
/// "awareness, traffic, ...": what may be written, for errors.
std::string ListOurs(std::span<const Word> words);

/// Whether the country belongs to the European Union or one of its territories, where Meta wants to
/// be told who benefits from an ad and who pays for it, and takes no political advertising.
bool InEuropeanUnion(std::string_view country);

std::string LowerCase(std::string_view text);
std::string UpperCase(std::string_view text);

/// "ACTIVE", "ADSET_PAUSED", ...: all that Meta names for a level, so that a list can ask for
/// removed objects as well.
std::span<const std::string_view> EffectiveStatusesOf(Level level);

}  // namespace maxopt::meta
