#include "relata/base/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"

namespace relata {

struct ConfigTree::Impl {
  YAML::Node root{YAML::NodeType::Map};
  std::map<std::string, std::string> origins;  ///< path → origin; a list or free mapping has one
};

struct Fields::Found {
  YAML::Node node;
  std::string path;
  std::string origin;
  bool present() const { return node.IsDefined(); }
};

namespace {

std::string line_of(const std::string& name, const YAML::Mark& mark) {
  return mark.line < 0 ? name : fmt::format("{}:{}", name, mark.line + 1);
}

constexpr std::string_view kResolved =
    "# resolved by relata: every key, its value and where that came from\n";

/// Of a document that to_yaml wrote: the origin in the comment of each line; else empty.
std::vector<std::string> written_origins(std::string_view yaml) {
  std::vector<std::string> origins;
  if (!yaml.starts_with(kResolved)) return origins;
  while (!yaml.empty()) {
    const size_t end = std::min(yaml.find('\n'), yaml.size());
    const std::string_view line = yaml.substr(0, end);
    const size_t comment = line.rfind("  # ");
    origins.emplace_back(comment == std::string_view::npos ? "" : line.substr(comment + 4));
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
  }
  return origins;
}

/// Deepest nesting of keys that is read; a real recipe has fewer than five. An anchor that refers
/// to itself has no end.
constexpr int kDepth = 64;

/// Notes where each value of a mapping came from, and refuses what YAML forgives: a key given
/// twice, a mapping within itself.
void note_origins(const YAML::Node& node, const std::string& prefix, const std::string& name,
                  std::map<std::string, std::string>& origins, int depth = 1) {
  if (depth > kDepth) {
    throw Error({.what = fmt::format("is nested deeper than {} levels", kDepth),
                 .where = line_of(name, node.Mark()),
                 .remedy = "write the values out, without an anchor that refers to itself"});
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string path = prefix + entry.first.Scalar();
    const std::string where = line_of(name, entry.first.Mark());
    if (!seen.insert(path).second) {
      throw Error({.what = "the key '" + path + "' is given twice",
                   .where = where,
                   .remedy = "remove one"});
    }
    origins[path] = where;
    if (entry.second.IsMap()) note_origins(entry.second, path + ".", name, origins, depth + 1);
  }
}

/// Path → line (from 0) of every key, groups among them.
std::map<std::string, size_t> key_lines(const YAML::Node& node, const std::string& prefix) {
  std::map<std::string, size_t> lines;
  for (const auto& entry : node) {
    const std::string path = prefix + entry.first.Scalar();
    lines[path] = static_cast<size_t>(entry.first.Mark().line);
    if (entry.second.IsMap()) lines.merge(key_lines(entry.second, path + "."));
  }
  return lines;
}

YAML::Node load(std::string_view yaml, const std::string& name) {
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& error) {
    throw Error({.what = "is not valid YAML: " + error.msg, .where = line_of(name, error.mark)});
  }
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= path.size();) {
    const size_t dot = std::min(path.find('.', start), path.size());
    parts.emplace_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  return parts;
}

[[noreturn]] void refuse(const std::string& path, const std::string& origin,
                         const std::string& expected, const std::string& got) {
  throw Error(
      {.what = fmt::format("'{}' must be {}, but is '{}'", path, expected, got), .where = origin});
}

std::string as_text(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  YAML::Emitter out;
  out.SetSeqFormat(YAML::Flow);
  out.SetMapFormat(YAML::Flow);
  out << node;
  return out.c_str();
}

template <class T>
bool parse_number(const std::string& text, T& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

std::string in_range(const Range& range) {
  if (std::isinf(range.low) && std::isinf(range.high)) return "";
  if (std::isinf(range.high)) return fmt::format(" of at least {}", range.low);
  if (std::isinf(range.low)) return fmt::format(" of at most {}", range.high);
  return fmt::format(" from {} to {}", range.low, range.high);
}

bool within(const Range& range, double number) {
  return number >= range.low && number <= range.high;
}

/// A double in the shortest form that reads back to the same value, and that YAML reads as a
/// number.
std::string number_text(double value) { return fmt::format("{}", value); }

/// Quotes a string where YAML would otherwise read something else.
std::string quoted(const std::string& text) {
  YAML::Emitter out;
  out << text;
  return out.c_str();
}

/// The same for an item of a list or mapping on one line, where commas and brackets mean something.
std::string quoted_item(const std::string& text) {
  YAML::Emitter out;
  out << YAML::Flow << YAML::BeginSeq << text << YAML::EndSeq;
  const std::string list = out.c_str();
  return list.substr(1, list.size() - 2);
}

}  // namespace

ConfigTree::ConfigTree() : impl_(std::make_shared<Impl>()) {}

ConfigTree ConfigTree::parse(std::string_view yaml, const std::string& name) {
  ConfigTree tree;
  const YAML::Node root = load(yaml, name);
  if (root.IsNull()) return tree;
  if (!root.IsMap()) throw Error({.what = "must be a mapping of keys to values", .where = name});
  note_origins(root, "", name, tree.impl_->origins);
  const std::vector<std::string> written = written_origins(yaml);
  for (const auto& entry : key_lines(root, "")) {
    if (entry.second < written.size() && !written[entry.second].empty()) {
      tree.impl_->origins[entry.first] = written[entry.second];
    }
  }
  tree.impl_->root = root;
  return tree;
}

void ConfigTree::set(std::string_view assignment, const std::string& origin) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error({.what = fmt::format("'{}' is no override", assignment),
                 .where = origin,
                 .remedy = "write key=value, for example train.epochs=100"});
  }
  const std::string path(assignment.substr(0, equals));
  const std::vector<std::string> parts = split(path);
  YAML::Node node = impl_->root;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    YAML::Node next = node[parts[i]];
    if (next.IsDefined() && !next.IsNull() && !next.IsMap()) {
      throw Error(
          {.what = fmt::format("'{}' cannot be set: '{}' is a value, not a group", path, parts[i]),
           .where = origin});
    }
    node.reset(next);
  }
  const YAML::Node value = load(assignment.substr(equals + 1), origin);
  std::map<std::string, std::string> inner;
  if (value.IsMap()) note_origins(value, path + ".", origin, inner);
  node[parts.back()] = value;
  std::erase_if(impl_->origins,
                [&](const auto& entry) { return entry.first.starts_with(path + "."); });
  for (const auto& entry : inner) impl_->origins[entry.first] = origin;
  impl_->origins[path] = origin;
}

std::string ConfigTree::text(const std::string& key) const {
  const YAML::Node root = impl_->root;  // operator[] of a const Node does not insert
  const YAML::Node node = std::as_const(root)[key];
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

Fields::Fields(const ConfigTree& tree) : Fields(tree.impl_, "") {}

Fields::Fields(std::shared_ptr<ConfigTree::Impl> tree, std::string prefix)
    : tree_(std::move(tree)), prefix_(std::move(prefix)) {}

Fields::Found Fields::find(const std::string& key) const {
  const std::string path = prefix_ + key;
  YAML::Node node = tree_->root;
  for (const std::string& part : split(path)) {
    if (!node.IsMap()) return {YAML::Node(YAML::NodeType::Undefined), path, "default"};
    const YAML::Node next = std::as_const(node)[part];
    if (!next.IsDefined()) return {next, path, "default"};
    node.reset(next);
  }
  const auto origin = tree_->origins.find(path);
  return {node, path, origin == tree_->origins.end() ? "recipe" : origin->second};
}

void Fields::record(const std::string& key, std::string value, const std::string& origin,
                    const std::string& doc) {
  claimed_.push_back(key);
  resolved_.push_back(
      {.path = prefix_ + key, .value = std::move(value), .origin = origin, .doc = doc});
}

void Fields::value(const std::string& key, bool& value, const std::string& doc) {
  const Found found = find(key);
  if (found.present()) {
    const std::string text = as_text(found.node);
    if (text != "true" && text != "false") refuse(found.path, found.origin, "true or false", text);
    value = text == "true";
  }
  record(key, value ? "true" : "false", found.origin, doc);
}

void Fields::value(const std::string& key, int64_t& value, const std::string& doc, Range range) {
  const Found found = find(key);
  if (found.present()) {
    const std::string text = as_text(found.node);
    if (!parse_number(text, value) || !within(range, static_cast<double>(value))) {
      refuse(found.path, found.origin, "a whole number" + in_range(range), text);
    }
  }
  record(key, std::to_string(value), found.origin, doc);
}

void Fields::value(const std::string& key, double& value, const std::string& doc, Range range) {
  const Found found = find(key);
  if (found.present()) {
    const std::string text = as_text(found.node);
    if (!parse_number(text, value) || !std::isfinite(value) || !within(range, value)) {
      refuse(found.path, found.origin, "a number" + in_range(range), text);
    }
  }
  record(key, number_text(value), found.origin, doc);
}

void Fields::value(const std::string& key, std::string& value, const std::string& doc) {
  const Found found = find(key);
  if (found.present()) {
    if (!found.node.IsScalar()) refuse(found.path, found.origin, "one text", as_text(found.node));
    value = found.node.Scalar();
  }
  record(key, quoted(value), found.origin, doc);
}

void Fields::notation(const std::string& key, std::string& value, const std::string& doc) {
  const Found found = find(key);
  if (found.present()) value = as_text(found.node);
  record(key, value, found.origin, doc);
}

void Fields::value(const std::string& key, std::vector<std::string>& value,
                   const std::string& doc) {
  const Found found = find(key);
  if (found.present()) {
    if (!found.node.IsSequence()) refuse(found.path, found.origin, "a list", as_text(found.node));
    value.clear();
    for (const auto& item : found.node) {
      if (!item.IsScalar())
        refuse(found.path, found.origin, "a list of texts", as_text(found.node));
      value.push_back(item.Scalar());
    }
  }
  std::vector<std::string> texts;
  std::transform(value.begin(), value.end(), std::back_inserter(texts), quoted_item);
  record(key, fmt::format("[{}]", fmt::join(texts, ", ")), found.origin, doc);
}

void Fields::value(const std::string& key, std::map<std::string, std::string>& value,
                   const std::string& doc) {
  const Found found = find(key);
  if (found.present()) {
    if (!found.node.IsMap()) refuse(found.path, found.origin, "a mapping", as_text(found.node));
    value.clear();
    for (const auto& entry : found.node) {
      if (!entry.second.IsScalar())
        refuse(found.path, found.origin, "a mapping of texts", as_text(found.node));
      value[entry.first.Scalar()] = entry.second.Scalar();
    }
  }
  std::vector<std::string> texts;
  for (const auto& [name, text] : value)
    texts.push_back(quoted_item(name) + ": " + quoted_item(text));
  record(key, fmt::format("{{{}}}", fmt::join(texts, ", ")), found.origin, doc);
}

size_t Fields::choose(const std::string& key, const std::string& current,
                      const std::vector<std::string>& names, const std::string& doc) {
  const Found found = find(key);
  const std::string text = found.present() ? as_text(found.node) : current;
  const auto chosen = std::find(names.begin(), names.end(), text);
  if (chosen == names.end()) {
    refuse(found.path, found.origin, fmt::format("one of {}", fmt::join(names, ", ")), text);
  }
  record(key, quoted(text), found.origin, doc);
  return static_cast<size_t>(chosen - names.begin());
}

Fields Fields::enter(const std::string& key) {
  const Found found = find(key);
  if (found.present() && !found.node.IsMap() && !found.node.IsNull()) {
    refuse(found.path, found.origin, "a group of keys", as_text(found.node));
  }
  claimed_.push_back(key);
  return Fields(tree_, prefix_ + key + ".");
}

void Fields::leave(Fields&& inner) {
  std::move(inner.resolved_.begin(), inner.resolved_.end(), std::back_inserter(resolved_));
}

void Fields::finish() const {
  YAML::Node node = tree_->root;
  if (!prefix_.empty()) {
    for (const std::string& part : split(std::string_view(prefix_).substr(0, prefix_.size() - 1))) {
      if (!node.IsMap()) return;
      const YAML::Node next = std::as_const(node)[part];
      if (!next.IsDefined()) return;
      node.reset(next);
    }
  }
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    if (std::find(claimed_.begin(), claimed_.end(), key) != claimed_.end()) continue;
    const auto origin = tree_->origins.find(prefix_ + key);
    throw Error({.what = "unknown key '" + prefix_ + key + "'",
                 .where = origin == tree_->origins.end() ? "recipe" : origin->second,
                 .remedy = "did you mean '" + prefix_ + closest_name(key, claimed_) + "'?"});
  }
}

std::string to_yaml(const std::vector<ResolvedKey>& keys) {
  std::string out(kResolved);
  std::vector<std::string> open;  // the groups the last line stood in
  for (const ResolvedKey& key : keys) {
    std::vector<std::string> parts = split(key.path);
    const std::string name = parts.back();
    parts.pop_back();
    size_t shared = 0;
    while (shared < parts.size() && shared < open.size() && parts[shared] == open[shared]) ++shared;
    for (size_t depth = shared; depth < parts.size(); ++depth) {
      out += fmt::format("{:{}}{}:\n", "", 2 * depth, parts[depth]);
    }
    open = parts;
    out += fmt::format("{:{}}{}: {}  # {}\n", "", 2 * parts.size(), name, key.value, key.origin);
  }
  return out;
}

}  // namespace relata
