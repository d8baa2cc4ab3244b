// The words of dataset.yaml for modalities and label kinds. Included by the files that read and
// write it.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "relata/data/schema.h"

namespace relata::data {

/// `ref(table)` is not among them: it carries a name.
inline constexpr std::array<std::pair<std::string_view, Modality>, 6> kModalities{{
    {"text", Modality::kText},
    {"image", Modality::kImage},
    {"signal", Modality::kSignal},
    {"vector", Modality::kVector},
    {"regions", Modality::kRegions},
    {"label", Modality::kLabel},
}};

inline constexpr std::array<std::pair<std::string_view, LabelKind>, 5> kLabelKinds{{
    {"class", LabelKind::kClass},
    {"identity", LabelKind::kIdentity},
    {"multilabel", LabelKind::kMultilabel},
    {"ordinal", LabelKind::kOrdinal},
    {"real", LabelKind::kReal},
}};

}  // namespace relata::data
