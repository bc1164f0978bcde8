#include "stages/report/cells/cells.h"

#include <gtest/gtest.h>

namespace maxopt::report {
namespace {

ViewColumn Column(const char* name, CellKind kind) {
  ViewColumn column;
  column.name = name;
  column.title = name;
  column.kind = kind;
  return column;
}

View Everything() {
  View view;
  view.name = "all";
  view.title = "All \"kinds\"";
  view.client = "A";
  view.as_of = *ParseInstant("2026-03-09T07:00:00.5Z");
  view.from = *ParseDay("2026-03-02");
  view.columns = {Column("text", CellKind::kText),   Column("count", CellKind::kCount),
                  Column("real", CellKind::kReal),   Column("ratio", CellKind::kRatio),
                  Column("money", CellKind::kMoney), Column("estimate", CellKind::kEstimate),
                  Column("day", CellKind::kDay),     Column("instant", CellKind::kInstant),
                  Column("flag", CellKind::kFlag)};
  view.rows = {{"r1",
                {std::string("<ä>"), std::int64_t{7}, 0.1, 1.0 / 3, Money::Micros(12'345'678, kEur),
                 Estimated{1, -0.5, 2, 0.9}, *ParseDay("2026-03-02"),
                 *ParseInstant("2026-03-02T10:00:00Z"), true},
                0.82,
                "view:x",
                "",
                "good"},
               {"r2", std::vector<ViewCell>(9)}};
  view.totals = std::vector<ViewCell>(9);
  (*view.totals)[4] = Money::Micros(12'345'678, kEur);
  view.freshness = {{"meta/1", "M", view.as_of, std::nullopt, "late", "why"}};
  view.notes = {"A note."};
  view.next = "1.a";
  return view;
}

TEST(Cells, AViewComesBackAsItWas) {
  const View view = Everything();
  ASSERT_EQ(Objection(view), "");
  const auto read = ViewFromJson(ToJson(view));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(ToJson(*read), ToJson(view));
  EXPECT_EQ(std::get<double>(read->rows[0].cells[3]), 1.0 / 3);
}

TEST(Cells, ViewsThatAreNoneAreRefused) {
  const std::string good = ToJson(Everything());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    return bad;
  };
  EXPECT_FALSE(ViewFromJson("[]"));
  EXPECT_FALSE(ViewFromJson("{"));
  EXPECT_FALSE(ViewFromJson(with("\"kind\":\"money\"", "\"kind\":\"gold\"")));
  EXPECT_FALSE(ViewFromJson(with("\"amount\":\"12.345678\"", "\"amount\":12.345678")));
  EXPECT_FALSE(ViewFromJson(with("\"key\":\"r2\"", "\"key\":\"r1\"")));
  EXPECT_FALSE(ViewFromJson(with("0.82", "1.82")));
}

TEST(Cells, ResolveNamesWhatIsMissing) {
  const Inputs inputs{{"all", Everything()}};
  EXPECT_EQ(std::get<std::int64_t>(*Resolve(inputs, {"all", "r1", "count"})), 7);
  EXPECT_EQ(std::get<double>(*Resolve(inputs, {"all", "r1", "@known"})), 0.82);
  EXPECT_EQ(std::get<double>(*Resolve(inputs, {"all", "r1", "estimate", "low"})), -0.5);
  EXPECT_EQ(std::get<std::int64_t>(*Resolve(inputs, {"all", "@view", "rows"})), 2);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*Resolve(inputs, {"all", "r2", "count"})));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*Resolve(inputs, {"all", "@view", "to"})));
  for (const CellRef& ref : {CellRef{"none", "r1", "count"}, CellRef{"all", "r3", "count"},
                             CellRef{"all", "r1", "none"}, CellRef{"all", "r1", "count", "low"}}) {
    const auto missing = Resolve(inputs, ref);
    ASSERT_FALSE(missing) << Print(ref);
    EXPECT_EQ(missing.error().code, Errc::kNotFound);
  }
}

TEST(Cells, DerivationsAreComputedAsTheySay) {
  const ViewCell ten = Money::Micros(10'000'000, kEur), four = Money::Micros(4'000'000, kEur);
  const ViewCell three = std::int64_t{3}, half = 0.5, none;
  EXPECT_EQ(*Compute("sum", {ten, four}), ViewCell(Money::Micros(14'000'000, kEur)));
  EXPECT_EQ(*Compute("difference", {four, ten}), ViewCell(Money::Micros(-6'000'000, kEur)));
  EXPECT_EQ(*Compute("magnitude", {*Compute("difference", {four, ten})}),
            ViewCell(Money::Micros(6'000'000, kEur)));
  EXPECT_EQ(*Compute("ratio", {ten, four}), ViewCell(2.5));
  // 10 EUR by 3: 3.333333, the nearest micro.
  EXPECT_EQ(*Compute("price", {ten, three}), ViewCell(Money::Micros(3'333'333, kEur)));
  EXPECT_EQ(*Compute("price", {ten, half}), ViewCell(Money::Micros(20'000'000, kEur)));
  EXPECT_EQ(*Compute("change", {ten, four}), ViewCell(1.5));
  EXPECT_EQ(*Compute("complement", {half}), ViewCell(0.5));
  EXPECT_EQ(*Compute("count", {ten, none}), ViewCell(std::int64_t{2}));
  EXPECT_EQ(*Compute("days", {*ParseDay("2026-03-02"), *ParseDay("2026-03-08")}),
            ViewCell(std::int64_t{7}));
  EXPECT_EQ(*Compute("product", {three, half}), ViewCell(1.5));
  EXPECT_EQ(*Compute("chance_of_none", {ViewCell(0.0)}), ViewCell(1.0));
  EXPECT_DOUBLE_EQ(std::get<double>(*Compute("chance_of_none", {three})), 0.049787068367863944);
  EXPECT_FALSE(Compute("chance_of_none", {ViewCell(-0.1)}));
  EXPECT_FALSE(Compute("chance_of_none", {ViewCell(Money::Micros(1, kEur))}));
  EXPECT_EQ(*Compute("ratio", {ten, none}), ViewCell());
  EXPECT_EQ(*Compute("ratio", {three, ViewCell(std::int64_t{0})}), ViewCell());
}

TEST(Cells, DerivationsThatMeanNothingAreRefused) {
  const ViewCell eur = Money::Micros(1, kEur), usd = Money::Micros(1, kUsd);
  EXPECT_FALSE(Compute("sum", {eur, usd}));
  EXPECT_FALSE(Compute("ratio", {eur, usd}));
  EXPECT_FALSE(Compute("sum", {eur, ViewCell(1.0)}));
  EXPECT_FALSE(Compute("ratio", {eur}));
  EXPECT_FALSE(Compute("average", {eur}));
  EXPECT_FALSE(Compute("sum", {ViewCell(INT64_MAX), ViewCell(std::int64_t{1})}));
  EXPECT_FALSE(Compute("magnitude", {ViewCell(std::string("7"))}));
}

TEST(Cells, ABookKeepsWhatIsAskedForTwiceOnce) {
  const Inputs inputs{{"all", Everything()}};
  Book book(inputs);
  const Source count = book.Cell("all", "r1", "count"), real = book.Cell("all", "r1", "real");
  const Source product = book.Derive("product", {count, real});
  EXPECT_EQ(book.Derive("product", {count, real}), product);
  const Source twice = book.Derive("sum", {product, product});
  EXPECT_EQ(book.derivations().size(), 2U);
  EXPECT_DOUBLE_EQ(std::get<double>(book.Get(twice)), 2 * 0.7);
  const auto again = Book::Of(inputs, book.derivations());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->Get(twice), book.Get(twice));
  // One that points to a later one, or to nothing, is refused.
  std::vector<Derivation> wrong = book.derivations();
  std::swap(wrong[0], wrong[1]);
  EXPECT_FALSE(Book::Of(inputs, wrong));
}

}  // namespace
}  // namespace maxopt::report
