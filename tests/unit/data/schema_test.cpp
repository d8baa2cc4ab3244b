#include "relata/data/schema.h"

#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema parse(std::string_view yaml) {
  const Files files;
  return read_schema(files.write("dataset.yaml", yaml));
}

auto parsing(std::string_view yaml) {
  return [=] { parse(yaml); };
}

TEST(Schema, ReadsEveryModality) {
  const Schema schema = parse(R"(
fields: {a: text, b: image, c: signal, d: vector, e: regions, f: ref(rows), g: label, h: [image]}
labels: {g: {names: [x, y]}}
file: rows.jsonl
)");
  ASSERT_EQ(schema.tables.size(), 1);
  const TableSpec& table = schema.tables.front();
  EXPECT_EQ(table.name, "rows");
  EXPECT_EQ(table.find("a")->modality, Modality::kText);
  EXPECT_EQ(table.find("b")->modality, Modality::kImage);
  EXPECT_FALSE(table.find("b")->list);
  EXPECT_EQ(table.find("c")->modality, Modality::kSignal);
  EXPECT_EQ(table.find("d")->modality, Modality::kVector);
  EXPECT_EQ(table.find("e")->modality, Modality::kRegions);
  EXPECT_EQ(table.find("f")->modality, Modality::kRef);
  EXPECT_EQ(table.find("f")->table, "rows");
  EXPECT_EQ(table.find("g")->modality, Modality::kLabel);
  EXPECT_EQ(table.find("h")->modality, Modality::kImage);
  EXPECT_TRUE(table.find("h")->list);
  EXPECT_EQ(table.find("nothing"), nullptr);
  EXPECT_THAT(table.splits, ElementsAre(std::pair<std::string, std::string>("all", "rows.jsonl")));
}

TEST(Schema, ReadsTablesSplitsAndGroup) {
  const Schema schema = parse(R"(
tables:
  mentions: {fields: {sentence: text, entity: ref(kb)}, splits: {train: a.jsonl, test: b.jsonl}}
  kb: {fields: {name: text}, file: kb.jsonl}
group: subject
)");
  ASSERT_EQ(schema.tables.size(), 2);
  EXPECT_EQ(schema.tables[0].name, "mentions");
  EXPECT_THAT(schema.tables[0].splits,
              ElementsAre(std::pair<std::string, std::string>("train", "a.jsonl"),
                          std::pair<std::string, std::string>("test", "b.jsonl")));
  EXPECT_EQ(schema.tables[1].splits.front().second, "kb.jsonl");
  EXPECT_EQ(schema.group, "subject");
}

TEST(Schema, ReadsEveryLabelKind) {
  const Schema schema = parse(R"(
file: r.jsonl
labels:
  a: {names: [x, y]}
  b: {kind: identity}
  c: {kind: multilabel, names: [p, q], unknown: -1}
  d: {kind: ordinal, names: [low, high]}
  e: {kind: real}
)");
  EXPECT_EQ(schema.labels.at("a").kind, LabelKind::kClass);
  EXPECT_THAT(schema.labels.at("a").names, ElementsAre("x", "y"));
  EXPECT_EQ(schema.labels.at("a").unknown, std::nullopt);
  EXPECT_EQ(schema.labels.at("b").kind, LabelKind::kIdentity);
  EXPECT_EQ(schema.labels.at("c").kind, LabelKind::kMultilabel);
  EXPECT_EQ(schema.labels.at("c").unknown, -1);
  EXPECT_EQ(schema.labels.at("d").kind, LabelKind::kOrdinal);
  EXPECT_EQ(schema.labels.at("e").kind, LabelKind::kReal);
  ASSERT_NE(schema.tables[0].find("e"), nullptr);  // undeclared: a field of the main table
  EXPECT_EQ(schema.tables[0].find("e")->modality, Modality::kLabel);
}

TEST(Schema, SuggestsTheNearestName) {
  EXPECT_THAT(parsing("field: {a: text}\nfile: r.jsonl"),
              fails_with("dataset.yaml:1: unknown key 'field'; did you mean 'fields'?"));
  EXPECT_THAT(parsing("fields: {a: vecto}\nfile: r.jsonl"),
              fails_with("unknown modality 'vecto' of field 'a'; did you mean 'vector'?"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: clas, names: [a]}}"),
              fails_with("unknown label kind 'clas'; did you mean 'class'?"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kin: class}}"), fails_with("did you mean 'kind'?"));
  EXPECT_THAT(parsing("tables: {a: {fields: {x: ref(bb)}, file: a}, b: {fields: {}, file: b}}"),
              fails_with("refers to the unknown table 'bb'; did you mean 'b'?"));
  EXPECT_THAT(parsing("tables: {a: {fiels: {}, file: a}}"), fails_with("did you mean 'fields'?"));
}

TEST(Schema, RefusesWhatIsGivenTwice) {
  EXPECT_THAT(parsing("file: a\nfile: b"), fails_with("the key 'file' is given twice"));
  EXPECT_THAT(parsing("file: a\nfields: {x: text, x: image}"),
              fails_with("the key 'x' is given twice"));
  EXPECT_THAT(parsing("splits: {train: a, train: b}"),
              fails_with("the key 'train' is given twice"));
  EXPECT_THAT(parsing("tables: {t: {file: a}, t: {file: b}}"),
              fails_with("the key 't' is given twice"));
  EXPECT_THAT(parsing("file: a\nlabels: {y: {kind: real}, y: {kind: identity}}"),
              fails_with("the key 'y' is given twice"));
  EXPECT_THAT(parsing("file: a\nlabels: {y: {names: [p, q, p]}}"),
              fails_with("two classes of label 'y' have the name 'p'"));
}

TEST(Schema, RefusesContradictions) {
  EXPECT_THAT(parsing("tables: {t: {file: a}}\nfields: {x: text}"),
              fails_with("has both 'tables' and 'fields'"));
  EXPECT_THAT(parsing("file: a\nsplits: {train: b}"), fails_with("has both 'file' and 'splits'"));
  EXPECT_THAT(parsing("fields: {x: text}"), fails_with("names no file"));
  EXPECT_THAT(parsing("tables: {}"), fails_with("has no tables"));
  EXPECT_THAT(parsing("file: a\nfields: {y: label}"),
              fails_with("label field 'y' is not described"));
  EXPECT_THAT(parsing("file: a\nfields: {y: text}\nlabels: {y: {kind: real}}"),
              fails_with("field 'y' is text and stands under 'labels'"));
  EXPECT_THAT(parsing("file: a\nfields: {id: text}"), fails_with("field 'id' is declared"));
}

TEST(Schema, RefusesWrongShapes) {
  EXPECT_THAT(parsing(""), fails_with("must be a mapping"));
  EXPECT_THAT(parsing("fields: [a]\nfile: r"), fails_with("'fields' must be a mapping"));
  EXPECT_THAT(parsing("file: [a]"), fails_with("'file' must be a text"));
  EXPECT_THAT(parsing("splits: {train: {a: b}}"), fails_with("'train' must be a text"));
  EXPECT_THAT(parsing("file: r\nfields: {a: {b: c}}"), fails_with("needs a modality"));
  EXPECT_THAT(parsing("file: r\nfields: {a: [text, image]}"), fails_with("needs a modality"));
  EXPECT_THAT(parsing("file: r\nfields: {a: [vector]}"), fails_with("is a list of vectors"));
  EXPECT_THAT(parsing("file: r\nfields: {y: [label]}\nlabels: {y: {names: [a]}}"),
              fails_with("declare a label of kind multilabel"));
  EXPECT_THAT(parsing("a: [b"), fails_with("is not valid YAML"));
}

TEST(Schema, RefusesLabelsThatDoNotSayTheirClasses) {
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: class}}"),
              fails_with("label 'y' needs the list of class names"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: multilabel, names: []}}"),
              fails_with("needs the list of class names"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: ordinal, names: low}}"),
              fails_with("'names' of label 'y' must be a list"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: real, names: [a]}}"),
              fails_with("label 'y' is real, which has no 'names'"));
  EXPECT_THAT(parsing("file: r\nlabels: {y: {kind: real, unknown: none}}"),
              fails_with("'unknown' of label 'y' must be a number"));
}

TEST(Schema, RefusesFeaturesOfAFieldThatIsNoVector) {
  EXPECT_THAT(parsing("file: r\nfields: {a: text}\nfeatures: {a: f.txt}"),
              fails_with("'features' names 'a', which is no vector field"));
  EXPECT_THAT(parsing("file: r\nfields: {a: vector}\nfeatures: {b: f.txt}"),
              fails_with("'features' names 'b', which is no vector field"));
}

TEST(Schema, WritesWhatItReads) {
  for (const std::string_view yaml :
       {R"(
fields: {a: text, pictures: [image], v: vector, more: [ref(rows)]}
splits: {train: a.jsonl, test: b.jsonl}
features: {v: v.features.txt}
labels: {y: {names: ["1", "true", "null", "a: b"], unknown: -1}}
group: subject
)",
        R"(
tables:
  m: {fields: {entity: ref(kb)}, file: m.jsonl}
  kb: {fields: {name: text}, file: kb.jsonl}
labels: {z: {kind: real}}
)",
        "tables: {only: {fields: {next: ref(only)}, file: r.jsonl}}"}) {
    const std::string text = schema_yaml(parse(yaml));
    EXPECT_EQ(schema_yaml(parse(text)), text);
  }
  const Schema schema = parse(schema_yaml(parse(R"(
fields: {pictures: [image], v: vector}
file: r.jsonl
features: {v: names.txt}
labels: {y: {names: ["null", "2"], unknown: -1.5}}
)")));
  EXPECT_TRUE(schema.tables[0].find("pictures")->list);
  EXPECT_EQ(schema.tables[0].find("v")->features, "names.txt");
  EXPECT_THAT(schema.labels.at("y").names, ElementsAre("null", "2"));
  EXPECT_EQ(schema.labels.at("y").unknown, -1.5);
}

TEST(Schema, NamesModalitiesAndKinds) {
  EXPECT_EQ(modality_text({.modality = Modality::kImage, .list = true}), "[image]");
  EXPECT_EQ(modality_text({.modality = Modality::kRef, .table = "kb"}), "ref(kb)");
  EXPECT_EQ(label_kind_name(LabelKind::kOrdinal), "ordinal");
}

}  // namespace
}  // namespace relata::data
