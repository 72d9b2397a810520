using System.Text.Json;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Tests.Input;

namespace Headgate.Tests.Results;

/// <summary>Files of results and of requests, torn and damaged in every way.</summary>
public sealed class ResultFuzzTests
{
    private const string Results = """
        {"request_id":"#1:00a1b2c3d4e5f607","line":1,"status":"completed","ok":true,"response":{"status":200,"body":"x"}}
        {"request_id":"#2:00a1b2c3d4e5f608","id":"b","line":2,"status":"failed","ok":false,"error":{"class":"timeout","message":"m"}}
        {"request_id":"#2:00a1b2c3d4e5f608","id":"b","line":2,"status":"completed","ok":true}

        """;

    private static readonly FuzzedParser[] Parsers =
    [
        new("result", Results.Split('\n', StringSplitOptions.RemoveEmptyEntries), text => ResultEntry.Read(text.Bytes, 7, out var key) is var entry ? () => Assert.True(entry.Offset == 7 && key is not null) : null)
        {
            Batch = 100,
            Refusals = [typeof(JsonException), NotJson, typeof(InvalidOperationException)],
        },
        new("results", [Results], ReadResults)
        {
            Batch = 20,
            Room = 1_500_000,
            Refusals = [typeof(InputException)],
            // A line of spaces is none, neither when results are counted nor when they are copied.
            OnceFailed = [Results + " \t\n"],
        },
        new("requests", ["{\"url\":\"http://h\",\"id\":\"a\"}\n{\"url\":\"http://H:80/x\"}\n\n", "url,id\nhttp://h,1\n", "http://h\n# no\nhttps://ü.example\nhttp://xn--a\n", "[\n", "{\n"], ReadRequests)
        {
            Batch = 20,
            Room = 1_500_000,
            Refusals = [typeof(InputException)],
        },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    // The reader of the runtime throws a class of its own.
    private static Type NotJson => Record.Exception(() => JsonDocument.Parse("{"))!.GetType();

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    [Fact]
    public void A_packed_file_may_be_damaged_anywhere() => Fuzzing.ForAWhile(random =>
    {
        using var folder = new TempFolder();
        var packed = TempFolder.Packed("{\"url\":\"http://h\",\"id\":\"a\"}\n{\"url\":\"http://h/x\"}\n");
        var path = folder.Write("in.jsonl.gz", Fuzzing.Damage(random, Fuzzing.Damage(random, packed)[..random.Next(packed.Length + 1)]));
        if (Record.Exception(() => InputCheck.ReadAsync(path, CancellationToken.None).GetAwaiter().GetResult()) is { } failure)
            Assert.IsType<InputException>(failure);
    }, batch: 20);

    private static Action? ReadResults(Fuzzed text)
    {
        using var folder = new TempFolder();
        var path = folder.Write("out.jsonl", text.Bytes);
        ResultRepair.MendTail(path);
        var index = Wait(ResultIndex.ReadAsync(path));
        var dropped = Wait(ResultRepair.DropReplacedAsync(path));
        var again = Wait(ResultIndex.ReadAsync(path));
        return () => Assert.Equal((index.Replaced, 0, index.Entries.Count), (dropped, again.Replaced, again.Entries.Count));
    }

    private static Action? ReadRequests(Fuzzed text)
    {
        using var folder = new TempFolder();
        var check = Wait(InputCheck.ReadAsync(folder.Write("in", text.Bytes)));
        foreach (var error in check.Errors)
            text.Say(error.Message);
        return () => Assert.Equal(check.Requests, check.Authorities.Sum(authority => authority.Value) + check.ElsewhereRequests);
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
