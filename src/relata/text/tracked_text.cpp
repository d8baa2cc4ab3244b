#include "relata/text/tracked_text.h"

#include <algorithm>
#include <utility>

#include "relata/text/char_class.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::size_t ascii_end(std::string_view text, std::size_t from) {
  while (from < text.size() && is_ascii(text[from])) ++from;
  return from;
}

std::u32string code_points(std::string_view text) {
  std::u32string codes;
  codes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, size] = decode_at(text, at);
    codes.push_back(code);
    at += size;
  }
  return codes;
}

}  // namespace

TrackedText::TrackedText(std::string original, uint32_t start, bool tracked)
    : text_(std::move(original)), start_(start), tracked_(tracked) {
  if (!tracked_) return;
  origins_.reserve(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    const uint32_t size = decode_at(text_, at).size;
    const auto begin = static_cast<uint32_t>(start + at);
    origins_.insert(origins_.end(), size, {begin, begin + size});
    at += size;
  }
}

bool TrackedText::starts_original() const {
  if (tracked_) return !origins_.empty() && origins_.front().begin == 0;
  return start_ == 0 && front_kept_;
}

void TrackedText::rewrite(std::span<const Change> changes, std::size_t dropped) {
  const std::string old = std::exchange(text_, {});
  const std::vector<Span> old_origins = std::exchange(origins_, {});
  text_.reserve(old.size() + changes.size() / 8);
  if (tracked_) origins_.reserve(old.size() + changes.size() / 8);
  if (dropped > 0) front_kept_ = false;
  std::size_t at = 0;
  const auto skip = [&](std::size_t count) {
    for (; count > 0 && at < old.size(); --count) at += decode_at(old, at).size;
  };
  if (tracked_) skip(dropped);
  for (const Change& change : changes) {
    append_utf8(text_, change.code);
    if (!tracked_) continue;
    Span origin{start_, start_};
    if (change.change > 0) {
      if (at > 0) origin = old_origins[at - 1];  // an inserted one shares the one before it
    } else if (!old.empty()) {
      origin = old_origins[std::min(at, old.size() - 1)];
      skip(1 + static_cast<std::size_t>(-change.change));
    }
    origins_.insert(origins_.end(), utf8_size(change.code), origin);
  }
}

void TrackedText::keep_if(const std::function<bool(char32_t)>& keep) {
  std::vector<Change> changes;
  changes.reserve(text_.size());
  std::size_t dropped = 0;
  for (std::size_t at = 0; at < text_.size();) {
    const auto [code, size] = decode_at(text_, at);
    at += size;
    if (keep(code)) {
      changes.push_back({code, 0});
    } else if (changes.empty()) {
      ++dropped;
    } else {
      --changes.back().change;
    }
  }
  rewrite(changes, dropped);
}

void TrackedText::map(const std::function<char32_t(char32_t)>& change) {
  std::vector<Change> changes;
  changes.reserve(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    const auto [code, size] = decode_at(text_, at);
    at += size;
    changes.push_back({change(code), 0});
  }
  rewrite(changes);
}

void TrackedText::lower_case() {
  if (ascii_end(text_, 0) == text_.size()) {
    for (char& c : text_) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return;
  }
  std::vector<Change> changes;
  changes.reserve(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    const auto [code, size] = decode_at(text_, at);
    at += size;
    if (code < 0x80) {
      changes.push_back({code >= 'A' && code <= 'Z' ? code + 32 : code, 0});
      continue;
    }
    int32_t change = 0;
    for (const char32_t lower : text::lower_case(code)) changes.push_back({lower, change++});
  }
  rewrite(changes);
}

void TrackedText::normalise(NormalForm form) {
  if (ascii_end(text_, 0) == text_.size()) return;
  if (!tracked_) return normalise_untracked(form);
  rewrite(normalised(code_points(text_), form));
}

/// ASCII is unchanged, and only the last of its characters can join what follows.
void TrackedText::normalise_untracked(NormalForm form) {
  std::string out;
  out.reserve(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    const std::size_t ascii = ascii_end(text_, at);
    if (ascii == text_.size()) {
      out.append(text_, at);
      break;
    }
    const std::size_t from = ascii > at ? ascii - 1 : at;
    out.append(text_, at, from - at);
    at = ascii;
    while (at < text_.size() && !is_ascii(text_[at])) ++at;
    const std::string_view part = std::string_view(text_).substr(from, at - from);
    const std::u32string codes = code_points(part);
    if (std::ranges::all_of(codes, [](char32_t code) { return is(code, kSteady); })) {
      out += part;
      continue;
    }
    for (const Change& change : normalised(codes, form)) append_utf8(out, change.code);
  }
  text_ = std::move(out);
}

void TrackedText::strip(bool left, bool right) {
  const std::u32string codes = code_points(text_);
  const auto space = [](char32_t code) { return is(code, kSpace); };
  auto begin = codes.begin();
  auto end = codes.end();
  if (left) begin = std::find_if_not(begin, end, space);
  if (right) {
    while (end != begin && space(*(end - 1))) --end;
  }
  if (begin == codes.begin() && end == codes.end()) return;
  std::vector<Change> changes;
  for (auto code = begin; code != end; ++code) changes.push_back({*code, 0});
  if (!changes.empty()) changes.back().change = -static_cast<int32_t>(codes.end() - end);
  rewrite(changes, static_cast<std::size_t>(begin - codes.begin()));
}

void TrackedText::prepend(std::string_view prefix) {
  if (text_.empty() || prefix.empty()) return;
  if (tracked_) {  // all of it stands for the first character
    origins_.insert(origins_.begin(), prefix.size(), origins_.front());
  }
  text_.insert(0, prefix);
}

void TrackedText::replace(std::span<const Match> matches, std::string_view content) {
  std::string out;
  std::vector<Span> origins;
  out.reserve(text_.size());
  if (tracked_) origins.reserve(text_.size());
  for (const Match& match : matches) {
    const auto [begin, end] = match.span;
    if (!match.matches) {
      out.append(text_, begin, end - begin);
      if (tracked_) {
        origins.insert(origins.end(), origins_.begin() + begin, origins_.begin() + end);
      }
      continue;
    }
    if (begin == 0 && (content.empty() || end > decode_at(text_, 0).size)) front_kept_ = false;
    out += content;
    if (tracked_) {
      const Span origin = end > 0 ? origins_[end - 1] : Span{start_, start_};
      origins.insert(origins.end(), content.size(), origin);
    }
  }
  text_ = std::move(out);
  origins_ = std::move(origins);
}

}  // namespace relata::text
