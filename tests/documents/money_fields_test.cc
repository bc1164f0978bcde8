// F2, F7, F8: what is no amount, no currency or no id is refused in every field of every form.
#include <gtest/gtest.h>

#include <iostream>

#include "documents/mutations.h"
#include "sheet/sheet.h"

namespace maxopt {
namespace {

using namespace mutations;

struct Spot {
  std::string field;
  std::string amount;  ///< stands once in the documents, whatever their form
};

/// The example with an amount of its own in every field that holds money.
CampaignDocuments Marked(std::vector<Spot>& spots) {
  CampaignDocuments documents = *ParseDocuments(Example(Form::kYaml), ExampleAsset);
  int next = 0;
  const auto amount = [&](const std::string& field) {
    const std::string text = "717" + std::to_string(1001 + 37 * next++) + ".25";
    spots.push_back({field, text});
    return *ParseMoney(text, kEur);
  };
  Brief& brief = documents.brief;
  brief.total_budget.value = amount("total_budget");
  brief.daily_budget_cap = {amount("daily_budget_cap"), brief.place};
  Package& package = documents.media_plan.packages[0];
  package.budget = {amount("budget"), package.place};
  package.daily_budget = {amount("daily_budget"), package.place};
  package.min_spend_target = {amount("min_spend_target"), package.place};
  Buy& buy = documents.buys.buys[0];
  buy.fields.values["target_cpa"] = amount("target_cpa");
  buy.ad_groups[0].fields.values["bid"] = amount("bid");
  brief.kpis[0].target = PrintDecimal(amount("target"));
  return documents;
}

std::vector<DocumentFile> Printed(const CampaignDocuments& documents, Form form) {
  switch (form) {
    case Form::kYaml:
      return PrintDocuments(documents);
    case Form::kJson:
      return PrintDocumentsJson(documents);
    case Form::kCsv:
      return PrintDocumentsCsv(documents);
    case Form::kXlsx:
      break;
  }
  return {{"campaign.xlsx", PrintDocumentsXlsx(documents).value()}};
}

int Count(const std::string& text, const std::string& what) {
  int n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// The files with `value` where `amount` stood, in quotes or (`bare`) as the form's own number; the
/// number of places that changed.
std::vector<DocumentFile> With(std::vector<DocumentFile> files, Form form,
                               const std::string& amount, const std::string& value, bool bare,
                               int& changed) {
  changed = 0;
  for (DocumentFile& file : files) {
    if (form == Form::kXlsx) {
      const auto sheets = sheet::ReadXlsx(file.bytes).value();
      std::vector<sheet::OutSheet> out;
      for (const sheet::Sheet& read : sheets) {
        out.push_back({read.name, {}});
        for (const sheet::Row& row : read.rows) {
          out.back().rows.emplace_back();
          for (const sheet::Cell& cell : row.cells) {
            const bool here = cell.text == amount;
            changed += here ? 1 : 0;
            out.back().rows.back().push_back(
                {sheet::OutCell::Kind::kText, here ? value : cell.text});
          }
        }
      }
      file.bytes = sheet::WriteXlsx(out).value();
      continue;
    }
    changed += Count(file.bytes, amount);
    std::size_t at = file.bytes.find(amount);
    if (at == std::string::npos) continue;
    std::size_t length = amount.size();
    const bool quoted = at > 0 && file.bytes[at - 1] == '"';
    if (quoted) {
      --at;
      length += 2;
    }
    file.bytes.replace(at, length, bare ? value : '"' + value + '"');
  }
  return files;
}

const Form kAllForms[] = {Form::kYaml, Form::kJson, Form::kCsv, Form::kXlsx};

TEST(MoneyFields, F8WhatIsNoAmountIsRefusedInEveryFieldOfEveryForm) {
  std::vector<Spot> spots;
  const CampaignDocuments documents = Marked(spots);
  ASSERT_EQ(spots.size(), 8U);
  int tried = 0;
  for (const Form form : kAllForms) {
    const std::vector<DocumentFile> good = Printed(documents, form);
    const auto read = ParseDocuments(good, ExampleAsset);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->brief.total_budget.value, documents.brief.total_budget.value);
    for (const Spot& spot : spots) {
      for (const char* value :
           {"NaN",  "nan",      ".nan",         "Infinity", "-Infinity", "Inf",           "-inf",
            ".inf", "-0",       "1e308",        "-1e308",   "1e3",       "1E3",           " 5",
            "5 ",   "\xD9\xA5", "\xEF\xBC\x95", "0x10",     "1_000",     "9223372036855", "null",
            "true"}) {
        for (const bool bare : {false, true}) {
          const std::string text = value;
          // Without quotes, blanks around a number and the word null are not part of any value.
          if (bare && (text == " 5" || text == "5 " || text == "null")) continue;
          if (bare && form == Form::kXlsx) continue;
          int changed = 0;
          const auto files = With(good, form, spot.amount, text, bare, changed);
          ASSERT_EQ(changed, 1) << spot.field << " in " << files[0].name;
          const auto bad = ParseDocuments(files, ExampleAsset);
          ++tried;
          ASSERT_FALSE(bad) << spot.field << " = " << text << (bare ? ", bare" : "") << " in "
                            << files[0].name;
          EXPECT_EQ(bad.error().code, Errc::kInvalidArgument);
          // Bare, it may be no JSON at all.
          if (!bare) {
            EXPECT_NE(bad.error().what.find(spot.field), std::string::npos) << bad.error().what;
          }
        }
      }
    }
  }
  std::cout << tried << " amounts refused\n";
}

TEST(MoneyFields, F2AnUnknownCurrencyIsRefusedInEveryForm) {
  for (const Form form : kAllForms) {
    for (const char* code : {"JPN", "XXX", "EURO", "eur", "$"}) {
      CampaignDocuments documents = *ParseDocuments(Example(Form::kYaml), ExampleAsset);
      documents.brief.po_number = "EURMARK";
      documents.brief.estimate_number = "";
      auto files = Printed(documents, form);
      if (form == Form::kXlsx) {
        int changed = 0;
        files = With(files, form, "EUR", code, false, changed);
        ASSERT_EQ(changed, 1);
      } else {
        std::string& brief = files[0].bytes;
        std::size_t at = brief.find("urrency");
        ASSERT_NE(at, std::string::npos);
        at = brief.find("EUR", at);
        ASSERT_NE(at, std::string::npos);
        brief.replace(at, 3, code);
      }
      const auto bad = ParseDocuments(files, ExampleAsset);
      ASSERT_FALSE(bad) << code << " in " << files[0].name;
      EXPECT_NE(bad.error().what.find("currency"), std::string::npos) << bad.error().what;
    }
  }
}

TEST(MoneyFields, F7AnIdIsTextAndNeverRounded) {
  CampaignDocuments documents = *ParseDocuments(Example(Form::kYaml), ExampleAsset);
  const std::string id = "9007199254740993";  // 2^53 + 1: no double
  documents.media_plan.packages[2].account.value.id = id;
  for (const Form form : kAllForms) {
    const auto files = Printed(documents, form);
    const auto read = ParseDocuments(files, ExampleAsset);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->media_plan.packages[2].account.value.id, id) << files[0].name;
    if (form == Form::kXlsx) continue;
    for (const char* wrong :
         {"9.007199254740993e15", "1e18", "1.5", "true", "[1]", "{\"a\": 1}", "-1"}) {
      int changed = 0;
      const auto bad = With(files, form, id, wrong, true, changed);
      ASSERT_EQ(changed, 1) << files[0].name;
      EXPECT_FALSE(ParseDocuments(bad, ExampleAsset)) << wrong << " in " << files[0].name;
    }
    // A number that is whole is the id's own digits or nothing, never a neighbour.
    int changed = 0;
    const auto number = ParseDocuments(With(files, form, id, id, true, changed), ExampleAsset);
    if (number) {
      EXPECT_EQ(number->media_plan.packages[2].account.value.id, id);
    }
  }
}

}  // namespace
}  // namespace maxopt
