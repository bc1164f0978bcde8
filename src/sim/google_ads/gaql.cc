#include "sim/google_ads/gaql.h"

#include <fmt/format.h>

#include <cctype>

#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

enum class TokenKind { kWord, kNumber, kString, kSymbol, kEnd };
struct Token {
  TokenKind kind;
  std::string text;  // of a string: its value
  std::size_t position;
};

bool WordStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool WordPart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

std::expected<Token, AdsError> LexString(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  const char quote = text[at++];
  std::string value;
  while (at < text.size()) {
    const char c = text[at++];
    if (c == quote) return Token{TokenKind::kString, std::move(value), begin + 1};
    if (c == '\n' || c == '\r') {
      return std::unexpected(
          QueryError("PROHIBITED_NEWLINE_IN_STRING", "a string may not hold a line break.", at));
    }
    if (c != '\\') {
      value += c;
      continue;
    }
    if (at == text.size()) break;
    const char escaped = text[at++];
    switch (escaped) {
      case 'n':
        value += '\n';
        break;
      case 't':
        value += '\t';
        break;
      case 'r':
        value += '\r';
        break;
      case '\\':
      case '\'':
      case '"':
        value += escaped;
        break;
      default:
        // Escapes of regular expressions (\d, \.) reach the expression as they are.
        if (std::isdigit(static_cast<unsigned char>(escaped)) != 0 || escaped == 'x' ||
            escaped == 'u') {
          return std::unexpected(QueryError("BAD_ESCAPE_SEQUENCE",
                                            fmt::format("'\\{}' is no escape.", escaped), at - 1));
        }
        value += '\\';
        value += escaped;
    }
  }
  return std::unexpected(
      QueryError("STRING_NOT_TERMINATED", "the string has no closing quote.", begin + 1));
}

std::expected<std::vector<Token>, AdsError> Lex(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    const std::size_t position = at + 1;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at;
    } else if (c == '\'' || c == '"') {
      auto token = LexString(text, at);
      if (!token) return std::unexpected(std::move(token).error());
      tokens.push_back(*std::move(token));
    } else if (WordStart(c)) {
      const std::size_t begin = at;
      while (at < text.size() && WordPart(text[at])) ++at;
      tokens.push_back({TokenKind::kWord, std::string(text.substr(begin, at - begin)), position});
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 ||
               (c == '-' && at + 1 < text.size() &&
                std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0)) {
      const std::size_t begin = at++;
      while (at < text.size() && WordPart(text[at])) ++at;
      const std::string_view number = text.substr(begin, at - begin);
      std::size_t dots = 0;
      for (const char d : number.substr(1)) {
        if (d == '.') {
          ++dots;
        } else if (std::isdigit(static_cast<unsigned char>(d)) == 0) {
          dots = 2;
        }
      }
      if (dots > 1 || number.back() == '.') {
        return std::unexpected(
            QueryError("BAD_NUMBER", fmt::format("'{}' is no number.", number), position));
      }
      tokens.push_back({TokenKind::kNumber, std::string(number), position});
    } else if (c == ',' || c == '(' || c == ')' || c == '=') {
      tokens.push_back({TokenKind::kSymbol, std::string(1, c), position});
      ++at;
    } else if (c == '!' || c == '<' || c == '>') {
      const bool two = at + 1 < text.size() && text[at + 1] == '=';
      if (c == '!' && !two) {
        return std::unexpected(QueryError("BAD_SYMBOL", "'!' stands alone.", position));
      }
      tokens.push_back({TokenKind::kSymbol, std::string(text.substr(at, two ? 2 : 1)), position});
      at += two ? 2 : 1;
    } else {
      return std::unexpected(QueryError(
          "BAD_SYMBOL",
          std::isprint(static_cast<unsigned char>(c)) != 0
              ? fmt::format("'{}' means nothing here.", c)
              : fmt::format("byte {:#04x} means nothing here.", static_cast<unsigned char>(c)),
          position));
    }
  }
  tokens.push_back({TokenKind::kEnd, "", text.size() + 1});
  return tokens;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::expected<Query, AdsError> Parse() {
    Query query;
    if (!Accept("SELECT")) return Wrong("EXPECTED_SELECT", "a query begins with SELECT");
    do {
      if (Peek().kind != TokenKind::kWord || Is("FROM")) {
        return Wrong("BAD_FIELD_NAME", "a field name is expected");
      }
      query.select.push_back(TakeName());
    } while (AcceptSymbol(","));
    if (!Accept("FROM")) {
      return Wrong(Peek().kind == TokenKind::kEnd ? "EXPECTED_FROM" : "UNEXPECTED_INPUT",
                   "FROM is expected");
    }
    if (Peek().kind != TokenKind::kWord) {
      return Wrong("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", "a resource name is expected");
    }
    query.from = TakeName();
    if (Peek().kind == TokenKind::kSymbol && Peek().text == ",") {
      return Wrong("UNEXPECTED_FROM_CLAUSE", "only one resource may stand in FROM");
    }
    if (Accept("WHERE")) {
      do {
        auto condition = ParseCondition();
        if (!condition) return std::unexpected(std::move(condition).error());
        query.where.push_back(*std::move(condition));
      } while (Accept("AND"));
      if (Is("OR")) return Wrong("EXPECTED_AND", "conditions are joined by AND; there is no OR");
    }
    if (Accept("ORDER")) {
      if (!Accept("BY")) return Wrong("EXPECTED_BY", "BY is expected after ORDER");
      do {
        if (Peek().kind != TokenKind::kWord) {
          return Wrong("BAD_FIELD_NAME", "a field name is expected");
        }
        Ordering ordering;
        ordering.field = TakeName();
        if (Accept("DESC")) {
          ordering.descending = true;
        } else {
          Accept("ASC");
        }
        query.order_by.push_back(std::move(ordering));
      } while (AcceptSymbol(","));
    }
    if (Accept("LIMIT")) {
      if (Peek().kind != TokenKind::kNumber)
        return Wrong("BAD_LIMIT_VALUE", "LIMIT needs a number");
      const auto n = ParseInt64(Peek().text);
      if (!n) return Wrong("BAD_LIMIT_VALUE", "LIMIT needs a whole number");
      if (*n < 1) return Wrong("LIMIT_VALUE_TOO_LOW", "LIMIT must be at least 1");
      query.limit = n;
      ++at_;
    }
    if (Accept("PARAMETERS")) {
      do {
        if (Peek().kind != TokenKind::kWord) {
          return Wrong("BAD_PARAMETER_NAME", "a parameter name is expected");
        }
        Name name = TakeName();
        if (!AcceptSymbol("=")) return Wrong("BAD_PARAMETER_VALUE", "= is expected");
        if (Peek().kind == TokenKind::kSymbol || Peek().kind == TokenKind::kEnd) {
          return Wrong("BAD_PARAMETER_VALUE", "a value is expected");
        }
        query.parameters.emplace_back(std::move(name), TakeValue());
      } while (AcceptSymbol(","));
    }
    if (Peek().kind != TokenKind::kEnd) return Wrong("UNEXPECTED_INPUT", "the query should end");
    return query;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  bool Is(std::string_view keyword) const {
    return Peek().kind == TokenKind::kWord && LowerAscii(Peek().text) == LowerAscii(keyword);
  }
  bool Accept(std::string_view keyword) {
    if (!Is(keyword)) return false;
    ++at_;
    return true;
  }
  bool AcceptSymbol(std::string_view symbol) {
    if (Peek().kind != TokenKind::kSymbol || Peek().text != symbol) return false;
    ++at_;
    return true;
  }
  Name TakeName() {
    const Token& token = tokens_[at_++];
    return {token.text, token.position};
  }
  Value TakeValue() {
    const Token& token = tokens_[at_++];
    return {token.text, token.kind == TokenKind::kString, token.position};
  }
  std::unexpected<AdsError> Wrong(std::string_view code, std::string_view what) const {
    if (Peek().kind == TokenKind::kEnd && code != "EXPECTED_FROM" && code != "EXPECTED_SELECT") {
      code = "UNEXPECTED_END_OF_QUERY";
    }
    return std::unexpected(
        QueryError(code,
                   Peek().kind == TokenKind::kEnd
                       ? fmt::format("{}, but the query ends.", what)
                       : fmt::format("{}, not '{}'.", what, Peek().text.substr(0, 100)),
                   Peek().position));
  }
  bool AtValue() const {
    return Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kNumber ||
           Peek().kind == TokenKind::kString;
  }

  std::expected<Condition, AdsError> ParseCondition() {
    Condition condition;
    if (Peek().kind != TokenKind::kWord) return Wrong("BAD_FIELD_NAME", "a field name is expected");
    condition.field = TakeName();
    auto op = ParseOperator();
    if (!op) return std::unexpected(std::move(op).error());
    condition.op = *op;
    switch (*op) {
      case Operator::kIsNull:
      case Operator::kIsNotNull:
        return condition;
      case Operator::kIn:
      case Operator::kNotIn:
      case Operator::kContainsAny:
      case Operator::kContainsAll:
      case Operator::kContainsNone:
        if (!AcceptSymbol("(")) return Wrong("EXPECTED_LIST", "a list in parentheses is expected");
        if (AcceptSymbol(")")) {
          --at_;
          return Wrong("PROHIBITED_EMPTY_LIST_IN_CONDITION", "the list is empty");
        }
        do {
          if (!AtValue()) return Wrong("BAD_VALUE", "a value is expected");
          condition.values.push_back(TakeValue());
        } while (AcceptSymbol(","));
        if (!AcceptSymbol(")")) return Wrong("BAD_VALUE", ", or ) is expected");
        return condition;
      case Operator::kBetween:
        if (!AtValue() || Is("AND")) return Wrong("BAD_VALUE", "a value is expected");
        condition.values.push_back(TakeValue());
        if (!Accept("AND")) {
          return Wrong("EXPECTED_VALUE_WITH_BETWEEN_OPERATOR", "BETWEEN needs AND");
        }
        if (!AtValue()) {
          return Wrong("EXPECTED_VALUE_WITH_BETWEEN_OPERATOR", "a second value is expected");
        }
        condition.values.push_back(TakeValue());
        return condition;
      case Operator::kDuring:
        if (Peek().kind != TokenKind::kWord) {
          return Wrong("INVALID_VALUE_WITH_DURING_OPERATOR", "DURING needs a date range");
        }
        condition.values.push_back(TakeValue());
        return condition;
      case Operator::kLike:
      case Operator::kNotLike:
      case Operator::kRegexpMatch:
      case Operator::kNotRegexpMatch:
        if (Peek().kind != TokenKind::kString) {
          return Wrong("INVALID_VALUE_WITH_LIKE_OPERATOR", "a string is expected");
        }
        condition.values.push_back(TakeValue());
        return condition;
      case Operator::kEquals:
      case Operator::kNotEquals:
      case Operator::kGreater:
      case Operator::kGreaterEquals:
      case Operator::kLess:
      case Operator::kLessEquals:
        if (Peek().kind == TokenKind::kSymbol && Peek().text == "(") {
          return Wrong("EXPECTED_SINGLE_VALUE", "one value is expected");
        }
        if (!AtValue()) return Wrong("BAD_VALUE", "a value is expected");
        condition.values.push_back(TakeValue());
        return condition;
    }
    return Wrong("BAD_OPERATOR", "an operator is expected");
  }

  std::expected<Operator, AdsError> ParseOperator() {
    if (AcceptSymbol("=")) return Operator::kEquals;
    if (AcceptSymbol("!=")) return Operator::kNotEquals;
    if (AcceptSymbol(">=")) return Operator::kGreaterEquals;
    if (AcceptSymbol("<=")) return Operator::kLessEquals;
    if (AcceptSymbol(">")) return Operator::kGreater;
    if (AcceptSymbol("<")) return Operator::kLess;
    if (Accept("IN")) return Operator::kIn;
    if (Accept("LIKE")) return Operator::kLike;
    if (Accept("DURING")) return Operator::kDuring;
    if (Accept("BETWEEN")) return Operator::kBetween;
    if (Accept("REGEXP_MATCH")) return Operator::kRegexpMatch;
    if (Accept("NOT")) {
      if (Accept("IN")) return Operator::kNotIn;
      if (Accept("LIKE")) return Operator::kNotLike;
      if (Accept("REGEXP_MATCH")) return Operator::kNotRegexpMatch;
      return Wrong("BAD_OPERATOR", "IN, LIKE or REGEXP_MATCH is expected after NOT");
    }
    if (Accept("CONTAINS")) {
      if (Accept("ANY")) return Operator::kContainsAny;
      if (Accept("ALL")) return Operator::kContainsAll;
      if (Accept("NONE")) return Operator::kContainsNone;
      return Wrong("BAD_OPERATOR", "ANY, ALL or NONE is expected after CONTAINS");
    }
    if (Accept("IS")) {
      const bool negated = Accept("NOT");
      if (!Accept("NULL")) return Wrong("BAD_OPERATOR", "NULL is expected after IS");
      return negated ? Operator::kIsNotNull : Operator::kIsNull;
    }
    return Wrong("BAD_OPERATOR", "an operator is expected");
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<Query, AdsError> ParseGaql(std::string_view text) {
  auto tokens = Lex(text);
  if (!tokens) return std::unexpected(std::move(tokens).error());
  return Parser(*std::move(tokens)).Parse();
}

bool LikeMatches(std::string_view text, std::string_view pattern) {
  struct Atom {
    enum { kChar, kOne, kMany } kind;
    char c;
  };
  std::vector<Atom> atoms;
  const std::string lower_pattern = LowerAscii(pattern);
  const std::string_view p = lower_pattern;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == '[' && i + 2 < p.size() && p[i + 2] == ']') {
      atoms.push_back({Atom::kChar, p[i + 1]});
      i += 2;
    } else if (p[i] == '%') {
      atoms.push_back({Atom::kMany, 0});
    } else if (p[i] == '_') {
      atoms.push_back({Atom::kOne, 0});
    } else {
      atoms.push_back({Atom::kChar, p[i]});
    }
  }
  // Greedy with one point to come back to: linear in practice, never exponential.
  const std::string t = LowerAscii(text);
  std::size_t i = 0;
  std::size_t a = 0;
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (i < t.size()) {
    if (a < atoms.size() && atoms[a].kind == Atom::kMany) {
      star = a++;
      star_text = i;
    } else if (a < atoms.size() && (atoms[a].kind == Atom::kOne || atoms[a].c == t[i])) {
      ++a;
      ++i;
    } else if (star) {
      a = *star + 1;
      i = ++star_text;
    } else {
      return false;
    }
  }
  while (a < atoms.size() && atoms[a].kind == Atom::kMany) ++a;
  return a == atoms.size();
}

AdsError QueryError(std::string_view code, std::string_view message, std::size_t position) {
  AdsError error;
  error.family = "queryError";
  error.code = code;
  error.message = position == 0
                      ? fmt::format("Error in query: {}", message)
                      : fmt::format("Error in query at position {}: {}", position, message);
  return error;
}

}  // namespace maxopt::sim::google_ads
