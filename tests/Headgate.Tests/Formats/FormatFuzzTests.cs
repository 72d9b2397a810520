using System.Text;
using Headgate.App.Formats;
using Headgate.App.Input;
using Headgate.App.Send;
using Headgate.Jobs;

namespace Headgate.Tests.Formats;

/// <summary>Files of other programs, whatever stands in them.</summary>
public sealed class FormatFuzzTests
{
    private const string Secret = "sk-SECRETsecret";

    private static readonly FuzzedParser[] Parsers =
    [
        new("openai-batch", ["""{"custom_id":"a","method":"POST","url":"/v1/x","body":{"a":[1,{"b":"ä"}]}}"""], text => Read(new OpenAiBatchFormat(new Uri("https://a.example/v1")), text)),
        new("vegeta-json", ["""{"method":"POST","url":"http://a/","body":"eyJhIjoxfQ==","header":{"X-A":["1","2"]}}"""], text => Read(new VegetaJsonFormat(), text)),
        new("har", ["""{"request":{"method":"POST","url":"http://a/?b","headers":[{"name":"X","value":"y"}],"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"%20"}]}},"response":{}}""", """{"request":{"url":"http://a/","postData":{"text":"/wA=","encoding":"base64"}}}"""], text => Read(new HarEntryFormat(), text)),
        new("vegeta-text", ["GET http://a/\nX-A: b\n@f\n\n# c\nPOST http://b/ä\nA:b\n"], ReadVegeta) { RoomPerByte = 400 },
        new("secrets", [$"export A_KEY='{Secret}' # c\nB_KEYS=\"{Secret},x\"\n", $$$"""{"a":"{{{Secret}}}","b":{"value":"{{{Secret}}}x","limits":["5/s"]}}""", $"machine a login b password {Secret}\ndefault\n", $"name {Secret}\n", $$$$"""{"key_based":{"w":{"limit":1,"refresh_rate":2,"keys":["{{{{Secret}}}}"]}}}"""], ReadSecrets) { Secret = Secret, Batch = 100, RoomPerByte = 2000, Refusals = [typeof(SecretsException)] },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    /// <summary>Where a command ends is where a shell has no word begun.</summary>
    [Fact]
    public void A_command_ends_where_it_can_be_split_into_words() => Fuzzing.ForAWhile(random =>
    {
        var text = Fuzzing.Mutate(random, "curl 'a b' \"c\\\"d\" $'e\\'f' \\\n -H g\\ h 'i\nj'").Replace("\0", "", StringComparison.Ordinal);
        var (end, isAtEnd) = (new CommandEnd(), false);
        foreach (var line in text.Split('\n'))
            isAtEnd = end.IsAt(line);
        try
        {
            ShellWords.Split(text, _ => "v");
            Assert.True(isAtEnd || text.EndsWith('\\'), text);
        }
        catch (ShellTextException unclosed) when (unclosed.What.Contains("is not closed", StringComparison.Ordinal))
        {
            Assert.False(isAtEnd, text);
        }
        catch (ShellTextException)
        {
            // It needs a shell.
        }
    });

    private static Action? Read(ILineFormat format, Fuzzed text)
    {
        var request = format.Read(text.Bytes, out var fault);
        text.Say(fault?.Message);
        if (fault is not null)
            Assert.InRange(fault.Offset, 0, text.Bytes.Length);
        return request is null ? null : () => Assert.NotNull(new JobRequestReader().Read(JobRequestWriter.ToBytes(request), out _));
    }

    private static Action? ReadVegeta(Fuzzed text)
    {
        var (reader, number, requests) = (new VegetaText("f"), 0, new List<JobRequest>());
        foreach (var line in Encoding.UTF8.GetString(text.Bytes).Split('\n'))
            Add(reader.Take(++number, Encoding.UTF8.GetBytes(line)));
        Add(reader.End());
        return () => Assert.All(requests, request => Assert.NotNull(request.Url));

        void Add(FoundRequest? found)
        {
            text.Say(found?.Error?.ToString());
            if (found?.Request is { } request)
                requests.Add(request);
        }
    }

    private static Action? ReadSecrets(Fuzzed text)
    {
        var keys = SecretsFile.Read(text.Text, [], text.Say);
        return () => Assert.All(keys, key => Assert.NotNull(key.Value));
    }
}
