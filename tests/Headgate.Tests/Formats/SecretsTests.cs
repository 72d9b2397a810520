using Headgate.Keys;
using Headgate.Tests.Input;

namespace Headgate.Tests.Formats;

public sealed class SecretsTests
{
    [Fact]
    public async Task Variables_whose_names_say_so_become_keys_and_the_others_are_named()
    {
        var run = await FormatRun.SecretsAsync(await File.ReadAllTextAsync(FormatRun.Sample("secrets.env")));

        Assert.Equal(0, run.Code);
        Assert.Equal(["left out PORT: the names do not say that they are keys; --only NAME takes them", "5 keys from in.txt: GH_TOKEN_1, GH_TOKEN_2, API_KEYS-1, API_KEYS-2, API_KEYS-3"], run.Said);
        var keys = Read(run.Output);
        Assert.Equal(["ghp_first", "ghp_second", "key1", "key2", "key3"], keys.Select(key => key.Secret.Reveal()));
        Assert.Equal("1000/min", keys[4].Limits!.Single().ToString());
        Assert.Null(keys[0].Limits);
    }

    [Theory]
    [InlineData("A_KEY=x\nB_KEY=\"y z\"\n", "A_KEY:x B_KEY:y z")]
    [InlineData("# c\n\nexport A_TOKEN = 'x#y' # more\nMONKEY=b\nPATH=/bin\nMY_PAT=p\n", "A_TOKEN:x#y MONKEY:b MY_PAT:p")]
    [InlineData("A_KEY=x # the first\nB_KEY=a#b\nC_KEY=\n", "A_KEY:x B_KEY:a#b")]
    [InlineData("""{"a":"x","b":{"value":"y"}}""", "a:x b:y")]
    [InlineData("""["x","y"]""", "key-1:x key-2:y")]
    [InlineData("""[{"name":"n","value":"x","limits":["5/s"]}]""", "n:x")]
    [InlineData("machine api.example.com login me password x\nmacdef init\ncd /\n\ndefault login a\n password y", "api.example.com:x default:y")]
    [InlineData("machine a password x\nmachine a login b password y", "a:x a-2:y")]
    [InlineData("first x\nsecond: y\n", "first:x second:y")]
    [InlineData("c2VjcmV0MQ==\nc2VjcmV0Mg==\n", "key-1:c2VjcmV0MQ== key-2:c2VjcmV0Mg==")]
    [InlineData("""{"key_based":{"weather":{"limit":250,"refresh_rate":1440,"keys":["x","y"]},"used":{"limit":9223372036854775807,"refresh_rate":1,"keys":{"z":17}}},"ips":["h:1"]}""", "weather-1:x weather-2:y used-1:z")]
    public async Task Keys_are_found_in_every_shape(string text, string expected)
    {
        var run = await FormatRun.SecretsAsync(text);

        Assert.Equal(0, run.Code);
        Assert.Equal(expected, string.Join(' ', Read(run.Output).Select(key => $"{key.Secret.Name}:{key.Secret.Reveal()}")));
        Assert.All(run.Said, line => Assert.DoesNotContain("c2Vj", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_limit_of_the_proxy_manager_is_that_of_its_keys()
    {
        var run = await FormatRun.SecretsAsync("""{"key_based":{"weather":{"limit":250,"refresh_rate":1440,"keys":["x","y"]}}}""");

        Assert.All(Read(run.Output), key => Assert.Equal("250/day", key.Limits!.Single().ToString()));
    }

    [Fact]
    public async Task Only_those_that_are_asked_for_are_written()
    {
        var run = await FormatRun.SecretsAsync("GH_TOKEN_1=x\nGH_TOKEN_2=y\nOTHER_KEY=z\nPORT=1\n", "GH_*", "PORT");

        Assert.Equal("GH_TOKEN_1 x\nGH_TOKEN_2 y\nPORT 1\n", run.Output);
        Assert.Equal("left out OTHER_KEY: --only names others", run.Said[0]);
    }

    [Theory]
    [InlineData("A_KEY=hunter2\nB_KEY=hunter2\n", "2:7: the same value as A_KEY on line 1; one key twice would be used at twice its limits")]
    [InlineData("a hunter2\na hunter3\n", "2:3: the name \"a\" is taken by the key on line 1")]
    [InlineData("A_KEY=\"hunter2\n\n", "1:7: the quote \" that begins here is not closed")]
    [InlineData("A_KEY=\"hunter2\nhunter3\"\n", "1:7: the value of A_KEY has a character at position 8")]
    [InlineData("A_KEY=hunter2\n  oops hunter2\n", "2:8: \"=\" is missing; a line is NAME=value, or a comment that begins with #")]
    [InlineData("a hunter2 hunter3\n", "1:3: more than two words: a line is a key, or a name and a key")]
    [InlineData("""{"a":["hunter2"]}""", "1:6: /a: must be a text, the key, or an object with \"value\"")]
    [InlineData("""{"a":"hunter2" """, "1:16: not JSON")]
    [InlineData("""{"key_based":{"w":{"limit":"many","refresh_rate":1,"keys":["hunter2"]}}}""", "1:28: /key_based/w/limit: must be a whole number from 1")]
    [InlineData("machine a login b passwort hunter2\n", "1:19: a word that is none of machine")]
    [InlineData("machine a password", "1:11: nothing follows password")]
    [InlineData("PORT=1\n", "in.txt has no key")]
    [InlineData("", "in.txt has no key")]
    public async Task What_is_wrong_is_named_with_its_place_and_no_secret_is_shown(string text, string expected)
    {
        var run = await FormatRun.SecretsAsync(text);

        Assert.Equal((4, ""), (run.Code, run.Output));
        Assert.Contains(run.Said, line => line.StartsWith(expected.StartsWith("in.txt", StringComparison.Ordinal) ? expected : $"in.txt:{expected}", StringComparison.Ordinal));
        Assert.All(run.Said, line => Assert.DoesNotContain("hunter", line, StringComparison.Ordinal));
    }

    private static IReadOnlyList<KeyEntry> Read(string written)
    {
        using var folder = new TempFolder();
        return KeyFile.Read([folder.Write("keys.txt", written)], new Dictionary<string, string>(), Environment.CurrentDirectory);
    }
}
