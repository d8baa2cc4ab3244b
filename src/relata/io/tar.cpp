#include "relata/io/tar.h"
#include "relata/base/ascii.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "relata/base/error.h"
#include "relata/io/little_endian.h"
#include "relata/io/member_name.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kBlock = 512;
constexpr uint64_t kNameLimit = 65'536;  // of names and pax headers, in bytes

uint64_t padded(uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What extended headers say about the next member.
struct Extended {
  std::optional<std::string> name = {};
  std::optional<uint64_t> size = {};
};

class TarReader {
 public:
  TarReader(Bytes file, std::string_view where) : file_(file), where_(where) {}

  std::vector<TarMember> run() {
    while (!at_end()) read_header();
    if (extended_.name || extended_.size) throw fault("ends after an extended header", "");
    return std::move(members_);
  }

 private:
  Error fault(std::string what, std::string_view member) const {
    std::string place(where_);
    if (!member.empty()) place += ": " + excerpt(member);
    return Error({.what = std::move(what),
                  .where = std::move(place),
                  .remedy = "fetch or pack the archive again"});
  }

  bool at_end() {
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    if (!lies_within(at_, kBlock, file_.size())) {
      throw fault("is cut off: it has no end mark of two zero blocks", "");
    }
    if (!std::ranges::all_of(file_.subspan(at_, kBlock), is_zero)) return false;
    if (!lies_within(at_, 2 * kBlock, file_.size())) {
      throw fault("is cut off: it has no end mark of two zero blocks", "");
    }
    if (!std::ranges::all_of(file_.subspan(at_), is_zero)) {
      throw fault("has data behind its end mark", "");
    }
    return true;
  }

  Bytes field(uint64_t offset, uint64_t length) const {
    return file_.subspan(at_ + offset, length);
  }

  /// Text up to the first zero byte.
  std::string_view text(uint64_t offset, uint64_t length) const {
    const std::string_view whole = text_of(field(offset, length));
    return whole.substr(0, whole.find('\0'));
  }

  /// Octal digits, or GNU's binary form, whose first bit is set.
  uint64_t number(uint64_t offset, uint64_t length, std::string_view what) const {
    const Bytes bytes = field(offset, length);
    if ((bytes[0] & std::byte{0x80}) != std::byte{0}) return binary(bytes, what);
    std::string_view digits = text_of(bytes);
    digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
    digits = digits.substr(0, digits.find_first_of(std::string_view(" \0", 2)));
    uint64_t value = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
    if (code != std::errc() || end != digits.data() + digits.size()) {
      throw fault(
          "has a broken " + std::string(what) + " in the header at byte " + std::to_string(at_),
          "");
    }
    return value;
  }

  uint64_t binary(Bytes bytes, std::string_view what) const {
    uint64_t value = std::to_integer<uint64_t>(bytes[0] & std::byte{0x7F});
    for (const std::byte byte : bytes.subspan(1)) {
      if (value >> 55U != 0) {
        throw fault(
            "has an absurd " + std::string(what) + " in the header at byte " + std::to_string(at_),
            "");
      }
      value = value << 8U | std::to_integer<uint64_t>(byte);
    }
    return value;
  }

  /// The sum of all bytes, those of the checksum itself taken for spaces.
  void check_sum() const {
    constexpr uint64_t kAt = 148;
    constexpr uint64_t kLength = 8;
    uint64_t sum = kLength * ' ';
    for (uint64_t i = 0; i < kBlock; ++i) {
      if (i < kAt || i >= kAt + kLength) sum += std::to_integer<uint64_t>(field(i, 1)[0]);
    }
    if (sum != number(kAt, kLength, "checksum")) {
      throw fault("has a header with a wrong checksum at byte " + std::to_string(at_), "");
    }
  }

  std::string name() const {
    if (extended_.name) return *extended_.name;
    const std::string own(text(0, 100));
    // ustar alone has a prefix there; GNU keeps times.
    if (text_of(field(257, 6)) != std::string_view("ustar\0", 6)) return own;
    const std::string_view prefix = text(345, 155);
    return prefix.empty() ? own : std::string(prefix) + "/" + own;
  }

  void read_header() {
    check_sum();
    const char kind = text_of(field(156, 1))[0];
    const uint64_t own_size = number(124, 12, "size");
    const bool about_next = kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
    const std::string member = about_next ? std::string() : name();
    const uint64_t size = about_next ? own_size : extended_.size.value_or(own_size);
    const uint64_t begin = at_ + kBlock;
    if (!lies_within(begin, size, file_.size()) ||
        !lies_within(begin, padded(size), file_.size())) {
      throw fault("is cut off, or has an absurd size: " + std::to_string(size) + " bytes at byte " +
                      std::to_string(begin),
                  member);
    }
    if (about_next) {
      read_extended(kind, file_.subspan(begin, size));
    } else {
      add(kind, member, begin, size);
      extended_ = {};
    }
    at_ = begin + padded(size);
  }

  void add(char kind, std::string member, uint64_t begin, uint64_t size) {
    while (member.starts_with("./")) member.erase(0, 2);
    const bool folder = kind == '5' || member.ends_with('/');
    if (folder && (member.empty() || member == "." || member == "/")) return;
    check_member_name(member, where_);
    if (kind == '1' || kind == '2') {
      throw Error({.what = "is a link, which is not followed",
                   .where = std::string(where_) + ": " + excerpt(member),
                   .remedy = "pack the file itself (tar --dereference --hard-dereference)"});
    }
    if (folder) return;
    if (kind != '0' && kind != '\0' && kind != '7') {
      throw fault("is no regular file (type " + excerpt(std::string(1, kind)) + ")", member);
    }
    if (!names_.insert(member).second) throw fault("appears twice", member);
    members_.push_back({.name = std::move(member), .offset = begin, .size = size});
  }

  void read_extended(char kind, Bytes content) {
    if (content.size() > kNameLimit) throw fault("has an extended header that is too long", "");
    if (kind == 'L') {
      const std::string_view whole = text_of(content);
      extended_.name = std::string(whole.substr(0, whole.find('\0')));
    } else if (kind == 'x' || kind == 'g') {
      read_pax(kind == 'g', text_of(content));
    }
  }

  /// Records "length key=value\n".
  void read_pax(bool global, std::string_view records) {
    while (!records.empty()) {
      uint64_t length = 0;
      const auto [end, code] =
          std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(end - records.data());
      if (code != std::errc() || length > records.size() || digits + 3 > length ||
          records[digits] != ' ' || records[length - 1] != '\n') {
        throw fault("has a broken pax header at byte " + std::to_string(at_), "");
      }
      take_record(global, records.substr(digits + 1, length - digits - 2));
      records.remove_prefix(length);
    }
  }

  void take_record(bool global, std::string_view record) {
    const std::string_view key = record.substr(0, record.find('='));
    if (key.size() == record.size()) {
      throw fault("has a broken pax header at byte " + std::to_string(at_), "");
    }
    const std::string_view value = record.substr(key.size() + 1);
    const bool matters = key == "path" || key == "size" || key == "linkpath";
    if (key.starts_with("GNU.sparse") || (global && matters)) {
      throw fault("has a pax header " + excerpt(key) + ", which is not read here", "");
    }
    if (key == "path") extended_.name = std::string(value);
    if (key != "size") return;
    uint64_t size = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (code != std::errc() || end != value.data() + value.size()) {
      throw fault("has a broken size in a pax header at byte " + std::to_string(at_), "");
    }
    extended_.size = size;
  }

  Bytes file_;
  std::string_view where_;
  uint64_t at_ = 0;
  Extended extended_;
  std::vector<TarMember> members_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

std::vector<TarMember> parse_tar(Bytes file, std::string_view where) {
  return TarReader(file, where).run();
}

std::optional<std::size_t> TarSample::find(std::string_view extension) const {
  const auto found =
      std::ranges::find(parts, extension, [](const auto& part) { return part.first; });
  return found == parts.end() ? std::nullopt : std::optional(found->second);
}

std::vector<TarSample> group_samples(std::span<const TarMember> members, std::string_view where) {
  std::vector<TarSample> samples;
  std::set<std::string, std::less<>> keys;
  const auto refuse = [where](std::string what, const std::string& name) {
    return Error({.what = std::move(what),
                  .where = std::string(where) + ": " + excerpt(name),
                  .remedy = "pack the files of a sample side by side, each once"});
  };
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string& name = members[i].name;
    const std::size_t base = name.rfind('/') + 1;  // npos + 1 is 0
    const std::size_t dot = name.find('.', base);
    if (dot == std::string::npos || dot == base) continue;
    std::string key = name.substr(0, dot);
    std::string extension = ascii_lower(std::string_view(name).substr(dot + 1));
    if (samples.empty() || samples.back().key != key) {
      if (!keys.insert(key).second) throw refuse("its sample has begun and ended before", name);
      samples.push_back({.key = std::move(key)});
    }
    TarSample& sample = samples.back();
    if (sample.find(extension)) throw refuse("its sample has that extension already", name);
    sample.parts.emplace_back(std::move(extension), i);
  }
  return samples;
}

TarArchive::TarArchive(const std::filesystem::path& path)
    : file_(path), where_(path.string()), members_(parse_tar(file_.bytes(), where_)) {
  for (std::size_t i = 0; i < members_.size(); ++i) by_name_.emplace(members_[i].name, i);
}

const TarMember* TarArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &members_[found->second];
}

Bytes TarArchive::bytes(const TarMember& member) const {
  return file_.bytes().subspan(member.offset, member.size);
}

std::optional<std::pair<std::string, std::string>> tar_reference(std::string_view path) {
  constexpr std::string_view kMark = ".tar#";
  const std::size_t at = path.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(path.substr(0, at + kMark.size() - 1)),
                   std::string(path.substr(at + kMark.size())));
}

}  // namespace relata::io
