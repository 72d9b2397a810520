using Headgate.Caching;

namespace Headgate.Tests.Caching;

public sealed class EntryBytesTests
{
    private static readonly CacheRules Rules = new();

    [Fact]
    public void Damage_of_any_byte_shows()
    {
        var bytes = Written("200 | Cache-Control: max-age=60 | Vary: Accept | ETag: \"é\" | =body");
        Assert.NotNull(EntryBytes.Read(bytes, CacheWorld.Url, Rules));
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x41;
            Assert.Throws<InvalidDataException>(() => EntryBytes.Read(bytes, CacheWorld.Url, Rules));
            bytes[at] ^= 0x41;
        }
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => EntryBytes.Read(bytes.AsSpan(0, length), CacheWorld.Url, Rules));
    }

    [Fact]
    public void Whatever_the_bytes_are_reading_them_ends()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            Assert.Null(Record.Exception(() => ReadAll(bytes)) is InvalidDataException ? null : Record.Exception(() => ReadAll(bytes)));
        }
    }

    [Fact]
    public void Texts_and_numbers_are_what_they_were()
    {
        var writer = new CompactWriter();
        string?[] texts = ["", null, "plain", "\u00e9\u0080\uffff", "\ud800 alone"];
        long[] numbers = [0, 1, -1, 63, 64, -65, long.MaxValue, long.MinValue];
        writer.Texts(texts);
        foreach (var number in numbers)
            writer.Number(number);
        var reader = new CompactReader(writer.Written);

        Assert.Equal(texts, reader.Texts());
        foreach (var number in numbers)
            Assert.Equal(number, reader.Number());
    }

    [Fact]
    public void An_answer_takes_as_much_as_it_took()
    {
        var before = (Variants)Stored("200 | Cache-Control: max-age=60 | Vary: Accept, X | Cache-Groups: \"a\" | Date: {0} | =body");
        var after = (Variants)EntryBytes.Read(EntryBytes.Write(before, Rules), CacheWorld.Url, Rules)!;

        Assert.Equal(before.Size, after.Size);
        Assert.Equal(before.Answers[0].LeftAt(CacheWorld.Start + 7_000), after.Answers[0].LeftAt(CacheWorld.Start + 7_000));
        Assert.Equal(before.Answers[0].Names, after.Answers[0].Names);
    }

    [Fact]
    public void Rules_for_queries_are_what_they_were()
    {
        foreach (var text in (string[])["key-order", "params=(\"a&b\" \"\u0020c\")", "except=(\"x\" \"y\"), key-order", "except=()", "params=(\"o\" \"oo\")"])
        {
            var rule = NoVarySearch.Of(new FieldList(new Field("No-Vary-Search", text)))!;
            var read = NoVarySearch.Of(rule.Text);

            Assert.Equal(rule.Text, read.Text);
            foreach (var query in (string[])["?x=1&y=2&a&b=3", "?oo=1&o=2&c=3", "?y=2&x=1&a%26b=5&%20c=1"])
                Assert.Equal(rule.Simplify(query), read.Simplify(query));
        }
    }

    private static void ReadAll(byte[] bytes)
    {
        var reader = new CompactReader(bytes);
        while (true)
        {
            reader.Number();
            reader.Text();
            reader.Texts();
            reader.Raw(reader.Count());
        }
    }

    private static byte[] Written(string answer) => EntryBytes.Write(Stored(answer), Rules)!;

    private static CacheEntry Stored(string answer)
    {
        var world = new CacheWorld(Rules);
        return Variants.None.With(world.Get("Accept: a/b, c/d;q=0.5", answer).Stored!, FieldList.Empty);
    }
}
