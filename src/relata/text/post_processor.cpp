#include "relata/text/post_processor.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "relata/text/vocabulary.h"

namespace relata::text {
namespace {

void set_types(Encoding& encoding, int32_t type) {
  encoding.type_ids.assign(encoding.size(), type);
}

/// GPT-2's tokens hold the space before a word; the offsets need not.
void trim(Encoding& encoding, bool add_prefix_space) {
  if (!encoding.with_offsets) return;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    Offset& offset = encoding.offsets[i];
    int64_t left = encoding.margins[i].left;
    const int64_t right = encoding.margins[i].right;
    const bool first = i == 0 || offset.begin == 0;
    if (first && add_prefix_space && left == 1) left = 0;  // that one was not in the text
    if (left > 0) offset.begin = std::min(offset.begin + left, offset.end);
    if (right > 0 && offset.end >= right) offset.end = std::max(offset.end - right, offset.begin);
  }
}

Encoding wrapped(std::optional<int32_t> before, const Encoding& encoding, int32_t after,
                 int32_t type) {
  Encoding out{.with_offsets = encoding.with_offsets};
  if (before) out.append_special(*before, type);
  out.append(encoding);
  std::ranges::fill(out.type_ids, type);
  out.append_special(after, type);
  return out;
}

class Bert : public PostProcessor {
 public:
  Bert(int32_t cls, int32_t sep) : cls_(cls), sep_(sep) {}
  int64_t added(bool pair) const override { return pair ? 3 : 2; }
  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    if (!add_special) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i] = i == 0 ? wrapped(cls_, parts[i], sep_, 0) : wrapped({}, parts[i], sep_, 1);
    }
  }

 private:
  int32_t cls_;
  int32_t sep_;
};

class Roberta : public PostProcessor {
 public:
  explicit Roberta(RobertaOptions options) : options_(options) {}
  int64_t added(bool pair) const override { return pair ? 4 : 2; }
  bool trims() const override { return options_.trim_offsets; }
  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (options_.trim_offsets) trim(parts[i], options_.add_prefix_space);
      set_types(parts[i], 0);
      if (!add_special) continue;
      parts[i] = wrapped(i == 0 ? options_.cls : options_.sep, parts[i], options_.sep, 0);
    }
  }

 private:
  RobertaOptions options_;
};

class ByteLevel : public PostProcessor {
 public:
  ByteLevel(bool trim_offsets, bool add_prefix_space)
      : trim_offsets_(trim_offsets), add_prefix_space_(add_prefix_space) {}
  int64_t added(bool /*pair*/) const override { return 0; }
  bool trims() const override { return trim_offsets_; }
  void apply(std::vector<Encoding>& parts, bool /*add_special*/) const override {
    if (!trim_offsets_) return;
    for (Encoding& part : parts) trim(part, add_prefix_space_);
  }

 private:
  bool trim_offsets_;
  bool add_prefix_space_;
};

/// A place in a template: a text, or tokens.
struct Slot {
  int sequence = -1;  // 0, 1; −1: tokens
  std::vector<int32_t> ids = {};
  int32_t type = 0;
};
using Template = std::vector<Slot>;

class TemplateProcessor : public PostProcessor {
 public:
  TemplateProcessor(Template single, Template pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}

  int64_t added(bool pair) const override {
    int64_t count = 0;
    for (const Slot& slot : pair ? pair_ : single_) count += static_cast<int64_t>(slot.ids.size());
    return count;
  }

  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    std::vector<Encoding> out;
    for (const Slot& slot : parts.size() > 1 ? pair_ : single_) {
      if (slot.sequence >= 0) {
        out.push_back(parts[static_cast<std::size_t>(slot.sequence)]);
        set_types(out.back(), slot.type);
      } else if (add_special) {
        out.push_back({.with_offsets = parts[0].with_offsets});
        for (const int32_t id : slot.ids) out.back().append_special(id, slot.type);
      }
    }
    parts = std::move(out);
  }

 private:
  Template single_;
  Template pair_;
};

class Sequence : public PostProcessor {
 public:
  explicit Sequence(std::vector<PostProcessorPtr> steps) : steps_(std::move(steps)) {}
  int64_t added(bool pair) const override {
    int64_t count = 0;
    for (const auto& step : steps_) count += step->added(pair);
    return count;
  }
  bool trims() const override {
    return std::ranges::any_of(steps_, [](const auto& step) { return step->trims(); });
  }
  void apply(std::vector<Encoding>& parts, bool add_special) const override {
    for (const auto& step : steps_) step->apply(parts, add_special);
  }

 private:
  std::vector<PostProcessorPtr> steps_;
};

int32_t read_id(const JsonNode& node) {
  return static_cast<int32_t>(node.integer(0, kMostTokens - 1));
}

/// ["[SEP]", 102]
int32_t read_pair_id(const JsonNode& node) {
  const auto parts = node.items();
  if (parts.size() != 2) node.refuse("is no pair of a token and its id");
  return read_id(parts[1]);
}

using SpecialIds = std::map<std::string, std::vector<int32_t>>;

Slot read_slot(const JsonNode& node, const SpecialIds& specials, bool pair) {
  if (const auto sequence = node.find("Sequence")) {
    const JsonNode id = sequence->at("id");
    if (id.text() != "A" && id.text() != "B") id.refuse("is neither \"A\" nor \"B\"");
    if (id.text() == "B" && !pair) id.refuse("is \"B\" in the template of a single text");
    return {.sequence = id.text() == "A" ? 0 : 1, .type = read_id(sequence->at("type_id"))};
  }
  const JsonNode token = node.at("SpecialToken");
  const JsonNode id = token.at("id");
  const auto found = specials.find(id.text());
  if (found == specials.end()) {
    id.refuse("is \"" + id.text() + "\", which is not among special_tokens");
  }
  return {.ids = found->second, .type = read_id(token.at("type_id"))};
}

Template read_template(const JsonNode& node, const SpecialIds& specials, bool pair) {
  Template slots;
  for (const JsonNode& slot : node.items()) slots.push_back(read_slot(slot, specials, pair));
  return slots;
}

PostProcessorPtr read_template_processor(const JsonNode& node) {
  SpecialIds specials;
  const JsonNode tokens = node.at("special_tokens");
  if (!tokens.value().is_object()) tokens.refuse("is no object");
  for (const auto& [name, unused] : tokens.value().items()) {
    for (const JsonNode& id : tokens.at(name).at("ids").items()) {
      specials[name].push_back(read_id(id));
    }
  }
  return std::make_unique<TemplateProcessor>(read_template(node.at("single"), specials, false),
                                             read_template(node.at("pair"), specials, true));
}

}  // namespace

PostProcessorPtr bert_processor(int32_t cls, int32_t sep) {
  return std::make_unique<Bert>(cls, sep);
}

PostProcessorPtr roberta_processor(RobertaOptions options) {
  return std::make_unique<Roberta>(options);
}

PostProcessorPtr byte_level_processor(bool trim_offsets, bool add_prefix_space) {
  return std::make_unique<ByteLevel>(trim_offsets, add_prefix_space);
}

PostProcessorPtr prefix_processor(int32_t bos) {
  const Slot token{.ids = {bos}};
  const Slot token_of_second{.ids = {bos}, .type = 1};
  return std::make_unique<TemplateProcessor>(
      Template{token, {.sequence = 0}},
      Template{token, {.sequence = 0}, token_of_second, {.sequence = 1, .type = 1}});
}

PostProcessorPtr read_post_processor(const JsonNode& node) {
  const std::string& type = node.at("type").text();
  if (type == "TemplateProcessing") return read_template_processor(node);
  if (type == "BertProcessing") {
    return bert_processor(read_pair_id(node.at("cls")), read_pair_id(node.at("sep")));
  }
  if (type == "RobertaProcessing") {
    return roberta_processor({.cls = read_pair_id(node.at("cls")),
                              .sep = read_pair_id(node.at("sep")),
                              .trim_offsets = node.flag("trim_offsets", true),
                              .add_prefix_space = node.flag("add_prefix_space", true)});
  }
  if (type == "ByteLevel") {
    return byte_level_processor(node.flag("trim_offsets", true),
                                node.flag("add_prefix_space", true));
  }
  if (type == "Sequence") {
    std::vector<PostProcessorPtr> steps;
    for (const JsonNode& step : node.at("processors").items()) {
      steps.push_back(read_post_processor(step));
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  node.refuse_type("post-processor", {"TemplateProcessing", "BertProcessing", "RobertaProcessing",
                                      "ByteLevel", "Sequence"});
}

}  // namespace relata::text
