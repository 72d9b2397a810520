using Headgate.Caching;

namespace Headgate.Tests.Caching;

public sealed class TextHashTests
{
    [Fact]
    public void The_same_text_has_the_same_hash_wherever_it_lies()
    {
        for (var length = 0; length < 40; length++)
            for (var at = 0; at < 8; at++)
                Assert.Equal(TextHash.Of(new string('a', length)), TextHash.Of(new string('a', 60).AsSpan(at, length)));
    }

    [Fact]
    public void Texts_that_differ_in_one_character_or_in_length_have_other_hashes()
    {
        var hashes = new HashSet<ulong>();
        var count = 0;
        for (var length = 0; length < 40; length++)
        {
            var text = new string('a', length);
            hashes.Add(TextHash.Of(text));
            count++;
            for (var at = 0; at < length; at++, count++)
                hashes.Add(TextHash.Of($"{text[..at]}b{text[(at + 1)..]}"));
        }

        Assert.Equal(count, hashes.Count);
    }

    [Fact]
    public void The_low_bits_are_as_many_as_there_are_texts()
    {
        // Of 65,536 thrown into as many places, 63.2 % are hit.
        var places = Enumerable.Range(0, 65_536).Select(number => TextHash.Of($"https://api.test/v1/things/{number}") & 65_535).Distinct().Count();

        Assert.InRange(places / 65_536.0, 0.62, 0.645);
    }
}
