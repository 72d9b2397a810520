using System.Text;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Tests.Configuration;

namespace Headgate.Tests.Keys;

public sealed class KeyFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_line_is_a_key_or_a_name_and_a_key_or_a_variable()
    {
        var keys = Read("# ours\n\nhunter1\n  ci\thunter2  \r\nenv:TOKEN\nspare env:OTHER\nhunter5", ("TOKEN", "hunter3\n"), ("OTHER", "hunter4"));

        Assert.Equal(
            [("key-1", "hunter1"), ("ci", "hunter2"), ("TOKEN", "hunter3"), ("spare", "hunter4"), ("key-2", "hunter5")],
            keys.Select(key => (key.Secret.Name, key.Secret.Reveal())));
        Assert.All(keys, key => Assert.Equal((null, 1), (key.Limits, key.Weight)));
    }

    [Fact]
    public void Byte_order_marks_CRLF_and_UTF16_of_some_editors_are_read()
    {
        Assert.Equal(["hunter1", "hunter2"], Read("\uFEFFhunter1\r\nhunter2\r\n").Select(key => key.Secret.Reveal()));
        File.WriteAllText(Path.Combine(_directory.Path, "wide.txt"), "hunter1\r\n", Encoding.Unicode);
        Assert.Equal("hunter1", Assert.Single(ReadFrom(["wide.txt"])).Secret.Reveal());
    }

    [Fact]
    public void A_JSON_array_gives_names_limits_and_weights()
    {
        var keys = Read("""
            [ // from the vault
              { "name": "a", "value": "two words", "limits": ["100/s", "5000/h"], "weight": 3 },
              { "value": "env:TOKEN" },
              { "value": "hunter3" },
            ]
            """, ("TOKEN", "hunter2"));

        Assert.Equal([("a", "two words", 3), ("TOKEN", "hunter2", 1), ("key-1", "hunter3", 1)], keys.Select(key => (key.Secret.Name, key.Secret.Reveal(), key.Weight)));
        Assert.Equal([Limit.Parse("100/s"), Limit.Parse("5000/h")], keys[0].Limits);
        Assert.Null(keys[1].Limits);
    }

    [Fact]
    public void Several_sources_are_one_list_and_unnamed_keys_are_counted_through()
    {
        _directory.Write("one.txt", "hunter1");
        _directory.Write("two.txt", "hunter2\nhunter3");

        var keys = ReadFrom(["one.txt", "env:TOKEN", $"file:{Path.Combine(_directory.Path, "two.txt")}"], ("TOKEN", "hunter4"));

        Assert.Equal(["key-1", "TOKEN", "key-2", "key-3"], keys.Select(key => key.Secret.Name));
    }

    [Theory]
    [InlineData("", "keys.txt: no key in keys.txt")]
    [InlineData("# nothing\n\n", "keys.txt: no key in keys.txt")]
    [InlineData("[]", "keys.txt: no key in keys.txt")]
    [InlineData("a hunter2 # mine", "keys.txt:1: 4 words where a line is a key, or a name and a key")]
    [InlineData("ok1\nhünter2", "keys.txt:2: the value of key \"key-2\" has a character at position 2 that is not printable ASCII")]
    [InlineData("ok1\nhunter2\u0000", "keys.txt:2: the value of key \"key-2\" has a character at position 8")]
    [InlineData("ok1\rhunter2", "keys.txt:1: the value of key \"key-1\" has a character at position 4")]
    [InlineData("hunter2\n\nhunter2", "keys.txt:3: the same value as key \"key-1\" at keys.txt:1")]
    [InlineData("a hunter2\na hunter3", "keys.txt:2: the name \"a\" is taken by the key at keys.txt:1")]
    [InlineData("{\"name\":\"a\",\"value\":\"hunter2\", \"weight\":3}", "keys.txt:1: the name of the key has one of { } [ ] \" , in it; if this is JSON, the file must begin with [")]
    [InlineData("hunter2\nkey-1 hunter3", "keys.txt:2: the name \"key-1\" is taken by the key at keys.txt:1")]
    [InlineData("env:ABSENT", "keys.txt:1: the environment variable \"ABSENT\" is not set")]
    [InlineData("[{ \"value\": \"hunter2\", \"wieght\": 2 }]", "keys.txt:1:34: /0: unknown member; did you mean \"weight\"?")]
    [InlineData("[{ \"value\": 12345 }]", "keys.txt:1:13: /0/value: must be a text")]
    [InlineData("[{ \"name\": \"a\" }]", "keys.txt:1:2: /0: the key has no \"value\"")]
    [InlineData("[\"hunter2\"]", "keys.txt:1:2: /0: each key is an object")]
    [InlineData("[{ \"value\": \"hunter2\", \"limits\": [\"5/m\"] }]", "keys.txt:1:35: /0/limits/0: limit \"5/m\"")]
    [InlineData("[{ \"value\": \"hunter2\", \"limits\": \"5/s\" }]", "keys.txt:1:34: /0/limits: must be a list of limits")]
    [InlineData("[{ \"value\": \"hunter2\", \"weight\": 0 }]", "keys.txt:1:34: /0/weight: must be a whole number from 1 to 1000")]
    [InlineData("[{ \"value\": \"hunter2\" }", "keys.txt:1:24: not JSON: ")]
    [InlineData("[{ \"name\": \"a b\", \"value\": \"hunter2\" }]", "keys.txt:1:28: the name of the key must be 1 to 100 printable ASCII characters without spaces")]
    public void What_is_wrong_is_named_with_file_and_line_and_no_value_is_shown(string content, string begin)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Read(content));

        Assert.StartsWith(begin, wrong.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("nter2", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("12345", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_wrong_lines_are_named_together()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Read("a b c\nok\nx y z\nok"));
        Assert.Equal([1, 3, 4], wrong.Errors.Select(error => error.Origin.Line));
    }

    [Fact]
    public void Of_a_file_that_is_none_of_keys_a_hundred_lines_are_named_and_not_millions()
    {
        var refusal = Assert.Throws<ConfigurationException>(() => Read(string.Join('\n', Enumerable.Repeat("not a key at all", 100_000))));

        Assert.Equal(101, refusal.Errors.Count);
        Assert.Contains("was not looked at", refusal.Errors[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_missing_variable_are_named()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => ReadFrom(["absent.txt", "env:ABSENT"]));

        Assert.StartsWith("absent.txt: the file of keys cannot be read: ", wrong.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Equal("env ABSENT: the environment variable \"ABSENT\" is not set", wrong.Errors[1].ToString());
    }

    [Fact]
    public void An_empty_variable_is_no_key()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => ReadFrom(["env:TOKEN"], ("TOKEN", "")));
        Assert.Equal("env TOKEN: the value of key \"TOKEN\" is empty", Assert.Single(wrong.Errors).ToString());
    }

    private IReadOnlyList<KeyEntry> Read(string content, params (string Name, string Value)[] environment)
    {
        _directory.Write("keys.txt", content);
        return ReadFrom(["keys.txt"], environment);
    }

    private IReadOnlyList<KeyEntry> ReadFrom(string[] sources, params (string Name, string Value)[] environment) =>
        KeyFile.Read(sources, environment.ToDictionary(variable => variable.Name, variable => variable.Value), _directory.Path);
}
