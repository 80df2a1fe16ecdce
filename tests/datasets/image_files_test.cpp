#include "datasets/image_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "datasets/file_names.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using State = ImageFile::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImageNames : public ::testing::Test {
 protected:
  void put(const std::string& name) {
    const fs::path path = folder() / name;
    ASSERT_TRUE(create_folder(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, name).ok());
  }
  [[nodiscard]] fs::path folder() const { return fs::canonical(folder_.path()) / "val/images"; }
  [[nodiscard]] ImageFile find(const std::string& name) const {
    return ImageFinder(folder()).find(name);
  }
  // What the name is read as, below the folder; the state where nothing is found.
  [[nodiscard]] std::string found(const std::string& name) const {
    const ImageFile file = find(name);
    return file.state == State::kFound ? file.path.lexically_relative(folder()).string()
                                       : std::string(text_of(file.state));
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(ImageNames, AreTakenAsTheyStandFirst) {
  put("a.jpg");
  put("a\\b.jpg");
  put("a/b.jpg");
  put("c%20d.jpg");
  put("c d.jpg");
  EXPECT_EQ(found("a.jpg"), "a.jpg");
  EXPECT_EQ(found("a\\b.jpg"), "a\\b.jpg");
  EXPECT_EQ(found("c%20d.jpg"), "c%20d.jpg");
  EXPECT_THAT(find("a.jpg").readings, ::testing::Each(false));
}

TEST_F(ImageNames, MayHaveBackslashes) {
  put("cam 1/night/a.jpg");
  EXPECT_EQ(found("cam 1\\night\\a.jpg"), "cam 1/night/a.jpg");
  EXPECT_EQ(found("cam 1\\night/a.jpg"), "cam 1/night/a.jpg");
  EXPECT_EQ(found(".\\cam 1\\night\\a.jpg"), "cam 1/night/a.jpg");
  EXPECT_EQ(found("images\\cam%201\\night\\a.JPG"), "cam 1/night/a.jpg");
}

TEST_F(ImageNames, MayRepeatTheFolder) {
  put("a.jpg");
  put("sub/b.jpg");
  EXPECT_EQ(found("images/a.jpg"), "a.jpg");
  EXPECT_EQ(found("val/images/sub/b.jpg"), "sub/b.jpg");
  EXPECT_EQ(found((folder() / "a.jpg").string()), "a.jpg");
  EXPECT_EQ(found("train/images/a.jpg"), "cannot be found");
}

TEST_F(ImageNames, MayBePercentEncoded) {
  put("Bild 1 (neu).jpg");
  put("größe.png");
  EXPECT_EQ(found("Bild%201%20%28neu%29.jpg"), "Bild 1 (neu).jpg");
  EXPECT_EQ(found("gr%C3%B6%C3%9Fe.png"), "größe.png");
  EXPECT_EQ(found("100%.jpg"), "cannot be found");
}

TEST_F(ImageNames, MayBeComposedOrDecomposed) {
  put("gro\xCC\x88\xC3\x9F"
      "e.jpg");                           // o and a diaeresis, as macOS writes it
  put("\xED\x95\x9C.jpg");                // a Hangul syllable
  put("\xE3\x82\xAB\xE3\x82\x99/x.jpg");  // KA and a voiced mark, a folder's name
  EXPECT_EQ(found("gr\xC3\xB6\xC3\x9F"
                  "e.jpg"),
            "gro\xCC\x88\xC3\x9F"
            "e.jpg");
  EXPECT_EQ(found("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB.jpg"), "\xED\x95\x9C.jpg");
  EXPECT_EQ(found("\xE3\x82\xAC/x.jpg"), "\xE3\x82\xAB\xE3\x82\x99/x.jpg");
}

TEST_F(ImageNames, MayWriteTheExtensionInAnotherCase) {
  put("a.JPG");
  put("b.Jpeg");
  put("C.png");
  EXPECT_EQ(found("a.jpg"), "a.JPG");
  EXPECT_EQ(found("b.JPEG"), "b.Jpeg");
  EXPECT_EQ(found("c.png"), "cannot be found");  // names differ, not only extensions
}

TEST_F(ImageNames, NeverLeadOutOfTheFolder) {
  put("a.jpg");
  ASSERT_TRUE(write_file(folder().parent_path() / "secret.jpg", "x").ok());
  for (const char* name :
       {"../secret.jpg", "..\\secret.jpg", "%2e%2e/secret.jpg", "images/../../secret.jpg",
        "sub/..\\..\\secret.jpg", "/etc/passwd", "C:\\secret.jpg", "..%5Csecret.jpg"}) {
    EXPECT_EQ(found(name), "leads out of the folder") << name;
  }
  EXPECT_EQ(found(""), "has no file_name");
  EXPECT_EQ(found("sub"), "cannot be found");
}

TEST_F(ImageNames, EachReadingIsCountedInANote) {
  put("a.JPG");
  put("b.jpg");
  put("c.jpg");
  const std::vector<ImageInfo> images = {
      {1, "images\\a.jpg", 0, 0}, {2, "images\\b.jpg", 0, 0}, {3, "c.jpg", 0, 0}};
  const ImageFiles files = find_image_files(folder(), images);
  EXPECT_THAT(files.notes,
              ElementsAre(HasSubstr("in 2 of 3 file names backslashes are read as separators"),
                          HasSubstr("in 2 of 3 file names the image folder's own name"),
                          HasSubstr("in 1 of 3 file names the extension")));
}

TEST(FileNames, BytesThatAreNoUtf8StayAsTheyAre) {
  for (const std::string name : {"\xFF\xFE.jpg", "a\xC3", "\xE3\x82", "\xF0\x9F\x98\x80.png"})
    EXPECT_EQ(decomposed(name), name);
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
  EXPECT_EQ(with_lower_extension("A.B.JPG"), "A.B.jpg");
}

}  // namespace
}  // namespace qyolo::datasets
