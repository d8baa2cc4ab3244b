// The importers of pictures with captions; what is in the pictures does not matter to them.
#include <gmock/gmock.h>

#include <algorithm>

#include "relata/data/import_image_folder.h"
#include "relata/data/import_picture_table.h"
#include "relata/data/import_webdataset.h"
#include "support/tar.h"
#include "unit/data/support.h"

namespace relata::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr PictureOptions kSkip{.on_error = OnError::kSkip, .fractions = {}, .seed = 0};

/// A scratch folder; sources are written below `in`, datasets to `out`.
class ImportPictures : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view content = "picture") {
    files_.write("in/" + name, content);
  }
  std::filesystem::path in() const { return files_ / "in"; }
  std::filesystem::path out() const { return files_ / "out"; }

  PictureSummary folder(ImageFolderImport request = {}) const {
    request.folder = in();
    return import_image_folder(request, out());
  }
  PictureSummary shards(WebDatasetImport request = {}) const {
    if (request.shards.empty()) request.shards = {in().string()};
    return import_webdataset(request, out());
  }
  PictureSummary table(const std::string& name, PictureTableImport request = {}) const {
    request.table = in() / name;
    return import_picture_table(request, out());
  }
  View all() const { return Dataset::open(out())->all(); }

  Files files_;
};

using ImportImageFolder = ImportPictures;
using ImportWebDataset = ImportPictures;
using ImportPictureTable = ImportPictures;

// imagefolder

TEST_F(ImportImageFolder, TakesPicturesInTheOrderOfTheirPaths) {
  write("b.PNG", "B");
  write("a/x.jpg", "X");
  write("c.webp");
  write("d.jpeg");
  write("notes.md", "no picture");
  write(".hidden/e.jpg");
  write(".f.jpg");
  const PictureSummary summary = folder();
  EXPECT_EQ(summary.pictures, 4);
  EXPECT_EQ(summary.captions, 0);
  EXPECT_EQ(summary.without_caption, 4);
  EXPECT_THAT(summary.splits, ElementsAre(Pair("all", 4)));
  EXPECT_THAT(ids_of(all()), ElementsAre("a/x.jpg", "b.PNG", "c.webp", "d.jpeg"));
  EXPECT_EQ(all().bytes(0, "image"), "X");
  EXPECT_EQ(all().bytes(1, "image"), "B");
  EXPECT_EQ(all().texts(0, "image").front(), "../in/a/x.jpg");
  EXPECT_EQ(all().table().find("caption"), nullptr);
  EXPECT_EQ(all().table().find("label"), nullptr);
}

TEST_F(ImportImageFolder, ReadsCaptionsBesideThePictures) {
  write("1.jpg");
  write("1.txt", "  a cat \r\n");
  write("2.jpg");
  write("README.txt", "about");
  const PictureSummary summary = folder();
  EXPECT_EQ(summary.captions, 1);
  EXPECT_EQ(summary.without_caption, 1);  // a picture without a caption lacks that modality
  EXPECT_FALSE(all().table().find("caption")->list);
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("a cat"));
  EXPECT_FALSE(all().present(1, "caption"));
}

TEST_F(ImportImageFolder, EachLineBesideAPictureIsACaption) {
  write("1.jpg");
  write("1.txt", "a cat\n\nit sleeps\n");
  write("2.jpg");
  write("2.txt", "a dog");
  const PictureSummary summary = folder();
  EXPECT_EQ(summary.captions, 3);
  EXPECT_EQ(summary.several, 1);
  EXPECT_TRUE(all().table().find("caption")->list);
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("a cat", "it sleeps"));
  EXPECT_THAT(all().texts(1, "caption"), ElementsAre("a dog"));
}

TEST_F(ImportImageFolder, ReadsFilesOfCaptionsAsHuggingFaceHasThem) {
  write("one/a.jpg");
  write("two/b.jpg");
  write("metadata.jsonl",
        "{\"file_name\": \"one/a.jpg\", \"text\": \"first\", \"other\": 7}\n"
        "{\"file_name\": \"one/a.jpg\", \"text\": \"second\"}\n");
  write("two/metadata.csv", "file_name,text\nb.jpg,\"one, two\"\n");
  folder();
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("first", "second"));
  EXPECT_THAT(all().texts(1, "caption"), ElementsAre("one, two"));
  EXPECT_EQ(all().table().find("label"), nullptr);  // these folders are no classes
}

TEST_F(ImportImageFolder, KeysMayBeNamed) {
  write("a.jpg");
  write("captions.jsonl",
        "{\"img\": \"a.jpg\", \"titles\": [\"x\", \" \", \"y\"], \"text\": \"z\"}\n");
  folder({.image_key = "img", .caption_key = "titles"});
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("x", "y"));
}

TEST_F(ImportImageFolder, FoldersAreClassesAndSplits) {
  for (const char* name :
       {"test/dog/1.jpg", "train/cat/1.jpg", "train/dog/2.jpg", "validation/cat/small/3.jpg"}) {
    write(name);
  }
  const PictureSummary summary = folder();
  EXPECT_THAT(summary.splits, ElementsAre(Pair("train", 2), Pair("val", 1), Pair("test", 1)));
  EXPECT_THAT(summary.classes, ElementsAre(Pair("cat", 1), Pair("cat/small", 1), Pair("dog", 2)));
  const auto dataset = Dataset::open(out());
  EXPECT_THAT(ids_of(dataset->split("train")), ElementsAre("train/cat/1.jpg", "train/dog/2.jpg"));
  EXPECT_EQ(dataset->split("train").class_label(1, "label"), 2);
}

TEST_F(ImportImageFolder, OneFolderIsNoClassAndTrainAloneAmongOthersNoSplit) {
  write("train/1.jpg");
  write("train/2.jpg");
  EXPECT_THAT(folder().splits, ElementsAre(Pair("train", 2)));
  EXPECT_EQ(all().table().find("label"), nullptr);
  std::filesystem::remove_all(out());
  write("zoo/3.jpg");
  const PictureSummary summary = folder();
  EXPECT_THAT(summary.splits, ElementsAre(Pair("all", 3)));
  EXPECT_THAT(summary.classes, ElementsAre(Pair("train", 2), Pair("zoo", 1)));
}

TEST_F(ImportImageFolder, IsCutWhereThatIsAsked) {
  for (int i = 0; i < 10; ++i) write(std::to_string(i) + ".jpg");
  EXPECT_THAT(folder({.options = {.fractions = {8, 2}, .seed = 1}}).splits,
              ElementsAre(Pair("train", 8), Pair("test", 2)));
  std::filesystem::remove_all(in());
  std::filesystem::remove_all(out());
  write("train/1.jpg");
  write("test/1.jpg");
  EXPECT_THAT([&] { folder({.options = {.fractions = {8, 2}}}); },
              fails_with("have splits already"));
}

TEST_F(ImportImageFolder, ACaptionWithoutAPictureIsAnErrorOrCounted) {
  write("1.jpg");
  write("1.txt", "a cat");
  write("2.txt", "nobody");
  EXPECT_THAT([&] { folder(); }, fails_with("2.txt: is a caption, but there is no picture"));
  EXPECT_FALSE(std::filesystem::exists(out()));
  const PictureSummary skipped = folder({.options = kSkip});
  EXPECT_THAT(skipped.left_out, ElementsAre(HasSubstr("2.txt")));
  EXPECT_EQ(skipped.pictures, 1);
}

TEST_F(ImportImageFolder, ARowWithoutAPictureIsAnErrorOrCounted) {
  write("1.jpg");
  write("picture.gif");
  write("metadata.csv", "file_name,text\n1.jpg,a\ngone.jpg,b\npicture.gif,c\n,d\n");
  EXPECT_THAT([&] { folder(); },
              fails_with("metadata.csv:3: names 'gone.jpg', which is not there"));
  const PictureSummary skipped = folder({.options = kSkip});
  EXPECT_THAT(skipped.left_out,
              ElementsAre(HasSubstr("gone.jpg"), HasSubstr("no JPEG, PNG or WebP"),
                          HasSubstr("names no picture")));
}

TEST_F(ImportImageFolder, TextsOfNoPictureAtAllAreNoCaptions) {
  write("1.jpg");
  write("credits.txt", "who took them");
  EXPECT_EQ(folder().captions, 0);
}

TEST_F(ImportImageFolder, RefusesWhatIsNoFolderOfPictures) {
  std::filesystem::create_directories(in());
  EXPECT_THAT([&] { folder(); }, fails_with("holds no pictures"));
  std::filesystem::remove_all(in());
  EXPECT_THAT([&] { folder(); }, fails_with("there is no such folder"));
  files_.write("in", "a file");
  EXPECT_THAT([&] { folder(); }, fails_with("is no folder"));
}

TEST_F(ImportImageFolder, RefusesCaptionsThatCannotBeRead) {
  write("1.jpg");
  write("metadata.jsonl", "{\"file_name\": \"1.jpg\", \"title\": \"x\"}\n");
  EXPECT_THAT([&] { folder(); }, fails_with("has no 'text', 'caption' or 'captions', but: "
                                            "file_name, title; name the key with --caption-key"));
  EXPECT_THAT([&] { folder({.image_key = "file", .caption_key = "title"}); },
              fails_with("has no 'file'"));
  write("metadata.jsonl", "{\"file_name\": \"1.jpg\", \"text\": 7}\n");
  EXPECT_THAT([&] { folder(); },
              fails_with("metadata.jsonl:1: a caption must be a text, but is 7"));
  write("metadata.jsonl", "{\"file_name\": [], \"text\": \"x\"}\n");
  EXPECT_THAT([&] { folder(); }, fails_with("'file_name' must be a text"));
  std::filesystem::remove(in() / "metadata.jsonl");
  write("1.txt", "\xff\xfe");
  EXPECT_THAT([&] { folder(); }, fails_with("is not UTF-8 at its byte 0"));
}

TEST_F(ImportImageFolder, PathsLeadBackThroughLinks) {
  write("1.jpg", "real");
  std::filesystem::create_directories(files_ / "deep/er");
  std::filesystem::create_directory_symlink(files_ / "deep/er", files_ / "link");
  import_image_folder({.folder = in()}, files_ / "link/out");
  EXPECT_EQ(Dataset::open(files_ / "link/out")->all().bytes(0, "image"), "real");
}

TEST_F(ImportImageFolder, PathsAreRelativeWhereTheNamesGivenAre) {
  write("1.jpg", "real");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(files_.path());
  import_image_folder({.folder = "in/"}, "new/");
  std::filesystem::current_path(before);
  const View view = Dataset::open(files_ / "new")->all();
  EXPECT_EQ(view.texts(0, "image").front(), "../in/1.jpg");
  EXPECT_EQ(view.bytes(0, "image"), "real");
}

// A folder of pictures as it is

TEST_F(ImportImageFolder, OpensAsADatasetAsItIs) {
  write("cat/1.jpg", "C");
  write("dog/2.jpg", "D");
  write("cat/1.txt", "a cat");
  const auto dataset = Dataset::open(in());
  EXPECT_THAT(dataset->splits(), ElementsAre("all"));
  EXPECT_THAT(ids_of(dataset->all()), ElementsAre("cat/1.jpg", "dog/2.jpg"));
  EXPECT_EQ(dataset->all().bytes(1, "image"), "D");
  EXPECT_THAT(dataset->all().texts(0, "caption"), ElementsAre("a cat"));
  EXPECT_EQ(dataset->all().class_label(1, "label"), 1);
  EXPECT_THAT(Dataset::open(in(), {.fractions = {1, 1}})->splits(), ElementsAre("train", "test"));
}

TEST_F(ImportImageFolder, OpenedAsItIsSkipsCaptionsWithoutPicturesIfAsked) {
  write("1.jpg");
  write("1.txt", "a cat");
  write("2.txt", "nobody");
  EXPECT_THAT([&] { Dataset::open(in()); }, fails_with("no picture of that name"));
  EXPECT_THAT(Dataset::open(in(), {.on_error = OnError::kSkip})->skipped(),
              ElementsAre(HasSubstr("2.txt")));
  EXPECT_THAT([&] { Dataset::open(in(), {.on_error = OnError::kSkip, .skip_limit = 0}); },
              fails_with("more than 0 broken records"));
}

TEST_F(ImportImageFolder, AFolderOfNeitherIsStillRefused) {
  write("notes.md");
  EXPECT_THAT([&] { Dataset::open(in()); }, fails_with("holds no dataset.yaml"));
}

// webdataset

TEST_F(ImportWebDataset, ReadsShardsByPatternAndCountsEach) {
  write("s-00.tar", test::tar({{"a.jpg", "A"}, {"a.txt", "a cat"}, {"b.png", "B"}}));
  write("s-01.tar", test::tar({{"d/c.webp", "C"}, {"d/c.txt", "one\ntwo\n"}, {"x.npy", "n"}}));
  const PictureSummary summary = shards({.shards = {(in() / "s-{00..01}.tar").string()}});
  EXPECT_EQ(summary.pictures, 3);
  EXPECT_EQ(summary.captions, 3);
  EXPECT_EQ(summary.without_caption, 1);
  ASSERT_EQ(summary.shards.size(), 2U);
  EXPECT_THAT(summary.shards[0], Pair(HasSubstr("s-00.tar"), 2));
  EXPECT_THAT(summary.shards[1], Pair(HasSubstr("s-01.tar"), 1));
  EXPECT_THAT(ids_of(all()), ElementsAre("a", "b", "d/c"));
  EXPECT_EQ(all().texts(2, "image").front(), "../in/s-01.tar#d/c.webp");
  EXPECT_EQ(all().bytes(2, "image"), "C");
  EXPECT_THAT(all().texts(2, "caption"), ElementsAre("one", "two"));
}

TEST_F(ImportWebDataset, ReadsCaptionsAndClassesOfOtherParts) {
  write("s.tar", test::tar({{"a.jpg", "A"},
                            {"a.json", R"({"caption": ["x", "y"], "alt": "z"})"},
                            {"a.cls", "3\n"},
                            {"a.seg.png", "S"},
                            {"b.jpg", "B"},
                            {"b.json", R"({"other": 1})"},
                            {"b.cls", "0"}}));
  EXPECT_THAT(shards().classes, ElementsAre(Pair("0", 1), Pair("3", 1)));
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("x", "y"));
  EXPECT_FALSE(all().present(1, "caption"));
  EXPECT_EQ(all().class_label(0, "label"), 1);
  std::filesystem::remove_all(out());
  EXPECT_EQ(shards({.image_key = "seg.png", .caption_key = "json:alt"}).pictures, 1);
  EXPECT_EQ(all().bytes(0, "image"), "S");
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("z"));
}

TEST_F(ImportWebDataset, ACaptionWithoutAPictureIsAnErrorOrCounted) {
  write("s.tar", test::tar({{"a.jpg", "A"}, {"b.txt", "nobody"}, {"c.npy", "n"}}));
  EXPECT_THAT([&] { shards(); }, fails_with("s.tar: the sample 'b' has a caption, but no picture"));
  EXPECT_THAT(shards({.options = kSkip}).left_out, ElementsAre(HasSubstr("'b'")));
}

TEST_F(ImportWebDataset, RefusesKeysThatComeTwice) {
  write("s-0.tar", test::tar({{"a.jpg", "A"}}));
  write("s-1.tar", test::tar({{"a.png", "B"}}));
  EXPECT_THAT([&] { shards(); },
              fails_with("s-1.tar: the id 'a' is given twice, here and in " + in().string()));
}

TEST_F(ImportWebDataset, RefusesWhatIsNoShard) {
  std::filesystem::create_directories(in());
  EXPECT_THAT([&] { shards(); }, fails_with("holds no .tar files"));
  EXPECT_THAT([&] { shards({.shards = {"x.tar.gz"}}); }, fails_with("not compressed"));
  EXPECT_THAT([&] { shards({.shards = {"gone.tar"}}); }, fails_with("gone.tar"));
  write("s.tar", test::tar({{"a.txt.gz", "?"}}));
  EXPECT_THAT([&] { shards(); }, fails_with("there are no pictures"));
  write("s.tar", test::tar({{"a.jpg", "A"}, {"a.json", "[1]"}}));
  EXPECT_THAT([&] { shards(); }, fails_with("s.tar#a.json: must be an object, but is [1]"));
  write("s.tar", test::tar({{"a.jpg", "A"}, {"a.json", "{"}}));
  EXPECT_THAT([&] { shards(); }, fails_with("s.tar#a.json:1"));
  write("s.tar", test::tar({{"a.jpg", "A"}, {"a.txt", "\xff"}}));
  EXPECT_THAT([&] { shards(); }, fails_with("s.tar#a.txt: the caption"));
}

// csv

TEST_F(ImportPictureTable, RowsOfOnePictureAreItsCaptions) {
  write("p/1.jpg", "1");
  write("p/2.jpg", "2");
  write("t.csv",
        "image,text,kind,who\np/1.jpg,\"a, b\",cat,x\np/2.jpg,,dog,x\np/1.jpg,second,cat,x\n");
  const PictureSummary summary = table("t.csv", {.label_key = "kind", .group_key = "who"});
  EXPECT_EQ(summary.pictures, 2);
  EXPECT_EQ(summary.captions, 2);
  EXPECT_EQ(summary.without_caption, 1);
  EXPECT_THAT(ids_of(all()), ElementsAre("p/1.jpg", "p/2.jpg"));
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("a, b", "second"));
  EXPECT_FALSE(all().present(1, "caption"));
  EXPECT_EQ(all().class_label(1, "label"), 1);
  EXPECT_EQ(all().group(0), "x");
  EXPECT_EQ(all().bytes(1, "image"), "2");
}

TEST_F(ImportPictureTable, ReadsJsonLinesAndNamedKeys) {
  write("1.jpg");
  write("t.jsonl", "{\"file\": \"1.jpg\", \"title\": [\"x\", \"y\"], \"number\": 7}\n");
  table("t.jsonl", {.image_key = "file", .caption_key = "title", .id_key = "number"});
  EXPECT_THAT(ids_of(all()), ElementsAre("7"));
  EXPECT_THAT(all().texts(0, "caption"), ElementsAre("x", "y"));
}

TEST_F(ImportPictureTable, ACaptionWithoutAPictureIsAnErrorOrCounted) {
  write("1.jpg");
  write("t.csv", "image,text\n1.jpg,a\ngone.jpg,b\n,c\n");
  EXPECT_THAT([&] { table("t.csv"); },
              fails_with("t.csv:3: names the picture 'gone.jpg', which is not there"));
  EXPECT_THAT(table("t.csv", {.options = kSkip}).left_out,
              ElementsAre(HasSubstr("gone.jpg"), HasSubstr("names no picture")));
}

TEST_F(ImportPictureTable, RefusesIdsThatMeanTwoThings) {
  write("1.jpg");
  write("2.jpg");
  write("t.csv", "id,image,text\n7,1.jpg,a\n7,2.jpg,b\n");
  EXPECT_THAT([&] { table("t.csv", {.id_key = "id"}); },
              fails_with("t.csv:3: the id '7' is given twice, with the picture '2.jpg' here and "
                         "'1.jpg' before"));
  write("t.csv", "id,image,text\n7,1.jpg,a\n8,1.jpg,b\n");
  EXPECT_THAT([&] { table("t.csv", {.id_key = "id"}); },
              fails_with("the picture '1.jpg' has the id '8' here and '7' before"));
  write("t.csv", "image,text,kind\n1.jpg,a,x\n1.jpg,b,y\n");
  EXPECT_THAT([&] { table("t.csv", {.label_key = "kind"}); }, fails_with("the label 'y' here"));
}

TEST_F(ImportPictureTable, RefusesColumnsThatAreNotThere) {
  write("1.jpg");
  write("t.csv", "file,text\n1.jpg,a\n");
  EXPECT_THAT([&] { table("t.csv"); }, fails_with("has no 'image', but: file, text"));
  EXPECT_THAT([&] { table("t.csv", {.image_key = "file", .caption_key = "test"}); },
              fails_with("did you mean 'text'?"));
  write("t.csv", "image,text\ngone.jpg,a\n");
  EXPECT_THAT([&] { table("t.csv", {.options = kSkip}); }, fails_with("there are no pictures"));
}

}  // namespace
}  // namespace relata::data
