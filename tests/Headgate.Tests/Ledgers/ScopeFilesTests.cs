using System.Security.Cryptography;
using Headgate.Ledgers;

namespace Headgate.Tests.Ledgers;

public sealed class ScopeFilesTests
{
    [Theory]
    [InlineData("total", "total")]
    [InlineData("https://api.test", "https---api.test")]
    [InlineData("total ", "total")]
    public void A_file_is_named_by_its_scope_readably_and_by_its_hash(string scope, string readable)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(scope)).AsSpan(0, 8));
        Assert.Equal(Path.Combine("d", $"{readable}-{hash}.jsonl"), new ScopeFiles("d", scope).Whole);
    }
}
