using Headgate.App.Send;

namespace Headgate.Tests.Send;

/// <summary>Pasted commands, whatever stands in them.</summary>
public sealed class CommandFuzzTests
{
    private const string Secret = "sk-SECRETsecret";

    private static readonly string[] Commands =
    [
        "curl https://api.example.com/v1", "curl -X POST 'https://a.example/x?y=1' \\\n -H \"X-A: b\" -H 'Accept: */*' --data-raw $'{\"a\":\"\\u00e4\\x41\\101\"}' --compressed",
        "curl -sSXPUT http://h -d a=b -d @file --data-urlencode 'c=d e' -m 10 --retry 3 --retry-delay 0.5", "curl \"http://$HOST/${PATH_}\" --json '{\"a\":1}' -G -I -b a=b -A agent -e ref;auto --url http://x",
        "curl -- http://h", "curl http://h --oauth2-bearer tok --data-binary @- -u me:pass",
    ];

    private static readonly FuzzedParser[] Parsers =
    [
        new("words", Commands, text => ShellWords.Split(text.Text, Variable) is { } words ? () => Assert.True(words.Count <= text.Text.Length) : null) { Refusals = [typeof(ShellTextException)] },
        new("curl", Commands, ReadCurl)
        {
            Batch = 100,
            Refusals = [typeof(ShellTextException), typeof(CurlWordException), typeof(ArgumentException)],
            // The message had all of it.
            OnceFailed = [$"curl -{new string('S', 5000)}X"],
        },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    [Theory]
    [InlineData($"--user=me:{Secret}")]
    [InlineData($"--oauth2-bearer={Secret}")]
    [InlineData($"--token={Secret}")]
    public void A_password_behind_an_equals_sign_is_not_shown(string option)
    {
        var refusal = Assert.Throws<CurlWordException>(() => CurlCommand.Read($"curl http://h {option}", Variable, _ => [], []));
        Assert.DoesNotContain(Secret, refusal.Message, StringComparison.Ordinal);
    }

    private static Action? ReadCurl(Fuzzed text)
    {
        var notes = new List<string>();
        var draft = CurlCommand.Read(text.Text, Variable, _ => "a\r\nb\0"u8.ToArray(), notes);
        notes.ForEach(text.Say);
        var request = draft.Build();
        return () => Assert.NotNull(request.Url);
    }

    private static string? Variable(string name) => name.Length % 2 == 0 ? "a.example" : null;
}
