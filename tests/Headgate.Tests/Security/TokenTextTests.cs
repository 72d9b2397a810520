using Headgate.App.Security;

namespace Headgate.Tests.Security;

public sealed class TokenTextTests
{
    [Fact]
    public void A_token_is_made_by_chance_and_can_be_copied_with_a_double_click()
    {
        var tokens = Enumerable.Range(0, 1000).Select(_ => TokenText.Make()).ToList();

        Assert.Equal(1000, tokens.Distinct().Count());
        Assert.All(tokens, token => Assert.Matches("^hg_[A-Za-z0-9]{40}$", token));
        // Every letter at every place, as chance has it: 1,000 draws of 62 miss one with a probability of 10^-7 each.
        Assert.All(Enumerable.Range(3, 40), place => Assert.InRange(tokens.Select(token => token[place]).Distinct().Count(), 60, 62));
    }

    [Fact]
    public void A_hash_is_what_other_tools_make_of_it() =>
        // printf %s hg_abc | sha256sum
        Assert.Equal("sha256:2f734d398a87288be1448be292b4cc44e8a6ccc64bfe05414a4e378102a3c9ef", TokenText.HashOf("hg_abc"));

    [Fact]
    public void What_is_too_long_for_a_token_is_not_hashed() => Assert.Equal(TokenText.Digest(""), TokenText.Digest("hg_" + new string('a', 1000)));
}
