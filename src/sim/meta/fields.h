#pragma once
#include <span>

#include "sim/meta/model.h"

namespace maxopt::sim::meta {

/// How a parameter is read, checked and printed back.
enum class FieldType {
  kText,
  kMinor,    ///< integer minor units in, text out
  kInteger,  ///< number in, number out
  kBool,
  kWord,   ///< one of the field's words
  kWords,  ///< a list of them
  kTexts,  ///< a list of texts
  kTime,
  kStructure,  ///< an object or list, kept as sent
};

/// One writable field. Reading, checking and printing come from this table; what is not in it is
/// ignored when written, as Meta does.
struct FieldRule {
  std::string_view name;
  std::string_view kinds;  ///< any of c(ampaign) s(et) a(d) r (creative) v(ideo) p(ixel)
  FieldType type;
  bool on_update;
  std::string_view words;  ///< space-separated; of kWord and kWords
};
std::span<const FieldRule> FieldRules();

/// The given fields of a create or update, canonical. Values that cannot be one are refused with
/// 100 and the words allowed.
Graph<Json> ReadFields(Kind kind, const Params& params, const Account& account, bool update);

/// A stored field as Meta prints it; null when there is no such rule or value.
Json PrintField(const Object& object, std::string_view name, const Account& account);

/// Fields that exist on Meta's objects: "(#100) Tried accessing nonexisting field" is for others.
/// Many are never set here and so never answered.
bool IsField(Kind kind, std::string_view name);
bool IsAccountField(std::string_view name);

/// "A, B, C" of a rule's words.
std::string ListWords(std::string_view words);
/// Whether `word` is one of the space-separated words.
bool HasWord(std::string_view words, std::string_view word);

inline constexpr std::string_view kCallToActions =
    "ADD_TO_CART APPLY_NOW ASK_US BOOK_NOW BOOK_TRAVEL BUY BUY_NOW BUY_TICKETS CALL CALL_NOW "
    "CONTACT CONTACT_US DONATE DONATE_NOW DOWNLOAD EVENT_RSVP FIND_OUT_MORE GET_A_QUOTE "
    "GET_DIRECTIONS GET_OFFER GET_OFFER_VIEW GET_PROMOTIONS GET_QUOTE GET_SHOWTIMES GET_STARTED "
    "INSTALL_APP INSTALL_MOBILE_APP LEARN_MORE LIKE_PAGE LISTEN_MUSIC LISTEN_NOW MESSAGE_PAGE "
    "NO_BUTTON OPEN_LINK ORDER_NOW PLAY_GAME REQUEST_TIME SAVE SEE_MENU SEE_MORE SELL_NOW "
    "SEND_UPDATES SHARE SHOP_NOW SIGN_UP START_ORDER SUBSCRIBE USE_APP VIEW_PRODUCT "
    "VISIT_PAGES_FEED WATCH_LIVE_VIDEO WATCH_MORE WATCH_VIDEO WHATSAPP_MESSAGE";

}  // namespace maxopt::sim::meta
