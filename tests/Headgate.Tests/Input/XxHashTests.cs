using System.Text;
using Headgate.App.Input;

namespace Headgate.Tests.Input;

public sealed class XxHashTests
{
    // The values that the reference program (xxhsum -H1) gives.
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("message digest", 0x066ED728FCEEB3BE)]
    [InlineData("abcdefghijklmnopqrstuvwxyz", 0xCFE1F278FA89835C)]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 0xAAA46907D3047814)]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890", 0xE04A477F19EE145D)]
    public void Known_texts_have_their_known_hash(string text, ulong hash) => Assert.Equal(hash, XxHash.Of(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_seed_makes_another_hash() => Assert.NotEqual(XxHash.Of("abc"u8), XxHash.Of("abc"u8, 1));
}
