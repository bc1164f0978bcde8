#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "stages/setup/documents/documents.h"

namespace maxopt::documents {

/// What every form of a document becomes before it is read: text files, sheets and workbooks alike.
/// A scalar is its text exactly as it was written.
struct Member;
struct Node {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  std::string text;
  bool bare = false;  ///< when printed: a number, a day or true/false, which needs no quotes
  Place place;
  std::vector<Node> items;
  std::vector<Member> members;
};
struct Member {
  std::string key;
  Place place;
  Node value;
};
/// nullptr when there is none.
const Node* Find(const Node& map, std::string_view key);

/// All that is wrong with all files: one line each, the first fifty and how many more.
class Trouble {
 public:
  void At(const Place& place, std::string_view what);
  void In(std::string_view file, std::string_view what);
  bool any() const { return count_ > 0; }
  Error ToError() const;

 private:
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

/// One document, or a part of one, before it is read.
struct Fragment {
  std::string kind;  ///< "brief", "media_plan", "creatives" or "buys"
  Node root;         ///< a map
};

/// YAML or JSON with its header key `maxopt: brief/1`. What is wrong goes to `trouble`.
void ReadText(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble);
/// CSV or XLSX.
void ReadSheets(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble);

/// The four documents as nodes, in the order of kKinds.
std::vector<Fragment> ToFragments(const CampaignDocuments& documents);
std::string PrintYaml(const Fragment& fragment);

/// As it may stand in an error: quoted, short, no control characters.
std::string Shown(std::string_view text);

}  // namespace maxopt::documents
