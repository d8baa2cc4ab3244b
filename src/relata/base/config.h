// Strict configuration: a YAML recipe and `key.sub=value` overrides, read into plain structs that
// state their own keys.
//
// A struct declares its keys once, in a function found by argument-dependent lookup; reading,
// checking, printing and documentation all come from that one declaration:
//
//   struct Contrast { double weight = 0.1; FixedSide side = FixedSide::kMixed; };
//   void describe(Fields& fields, Contrast& c) {
//     fields.value("weight", c.weight, "factor of the contrastive loss", {.low = 0});
//     fields.choice("side", c.side, {{"mixed", FixedSide::kMixed}, {"clean", FixedSide::kClean}},
//     "fixed side");
//   }
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relata {

/// The closed interval a number must lie in.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// A key as it was resolved; what --print-config and a run's config.yaml show.
struct ResolvedKey {
  std::string path;    ///< "contrast.weight"
  std::string value;   ///< as YAML
  std::string origin;  ///< "default", "rosmap.yaml:7", "command line"
  std::string doc;
};

/// The tree of values before a struct has read them.
class ConfigTree {
 public:
  ConfigTree();
  /// Parses a YAML mapping; `name` (a file name) is the origin that errors and --print-config show.
  /// Throws Error on a syntax error, a duplicate key, nesting without end, or if the document is no
  /// mapping.
  static ConfigTree parse(std::string_view yaml, const std::string& name);

  /// Applies `key.sub=value`; the value is YAML (`[a, b]`, `0.2`, `text`), and a mapping replaces
  /// the whole group. Throws Error without '=', and as `parse` does.
  void set(std::string_view assignment, const std::string& origin);
  /// The text of a top-level scalar; empty if absent.
  std::string text(const std::string& key) const;

 private:
  friend class Fields;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Visits the fields of a struct against a ConfigTree. A key that no field claims is an Error which
/// names the nearest.
class Fields {
 public:
  explicit Fields(const ConfigTree& tree);

  void value(const std::string& key, bool& value, const std::string& doc);
  void value(const std::string& key, int64_t& value, const std::string& doc, Range range = {});
  void value(const std::string& key, double& value, const std::string& doc, Range range = {});
  void value(const std::string& key, std::string& value, const std::string& doc);
  void value(const std::string& key, std::vector<std::string>& value, const std::string& doc);
  /// Any YAML value, as its text: for keys with a notation of their own.
  void notation(const std::string& key, std::string& value, const std::string& doc);
  /// A mapping whose keys the user chooses, e.g. role: field.
  void value(const std::string& key, std::map<std::string, std::string>& value,
             const std::string& doc);

  template <class E>
  void choice(const std::string& key, E& value,
              const std::vector<std::pair<std::string, E>>& choices, const std::string& doc) {
    std::vector<std::string> names;
    std::string current;
    for (const auto& [name, candidate] : choices) {
      names.push_back(name);
      if (candidate == value) current = name;
    }
    value = choices[choose(key, current, names, doc)].second;
  }

  template <class S>
  void group(const std::string& key, S& fields) {
    Fields inner = enter(key);
    describe(inner, fields);
    inner.finish();
    leave(std::move(inner));
  }

  /// Refuses keys that nobody claimed. Called once after the outermost describe().
  void finish() const;

  const std::vector<ResolvedKey>& resolved() const { return resolved_; }

 private:
  struct Found;
  Fields(std::shared_ptr<ConfigTree::Impl> tree, std::string prefix);
  Found find(const std::string& key) const;
  void record(const std::string& key, std::string value, const std::string& origin,
              const std::string& doc);
  size_t choose(const std::string& key, const std::string& current,
                const std::vector<std::string>& names, const std::string& doc);
  Fields enter(const std::string& key);
  void leave(Fields&& inner);

  std::shared_ptr<ConfigTree::Impl> tree_;
  std::string prefix_;  ///< "" or "contrast."
  std::vector<std::string> claimed_;
  std::vector<ResolvedKey> resolved_;
};

/// The resolved keys as a YAML document, each line with its origin as a comment; ConfigTree::parse
/// reads those back.
std::string to_yaml(const std::vector<ResolvedKey>& keys);

}  // namespace relata
