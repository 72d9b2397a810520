using System.Text;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Tests.Input;

namespace Headgate.Tests.Results;

public sealed class ResultRepairTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_torn_last_line_is_cut_off_wherever_it_was_torn()
    {
        var (first, second) = (Line(1), Line(2));
        for (var length = 0; length <= second.Length; length++)
        {
            var path = _folder.Write("out.jsonl", first + second[..length]);
            var isWhole = length >= second.Length - 1; // all of it, or all but its line end
            Assert.Equal(isWhole ? 0 : length, ResultRepair.MendTail(path));
            Assert.Equal(isWhole ? first + second : first, File.ReadAllText(path));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public void An_empty_file_is_whole(string text) => Assert.Equal(0, ResultRepair.MendTail(_folder.Write("out.jsonl", text)));

    [Fact]
    public void Zeros_that_a_loss_of_power_left_are_cut_off()
    {
        var path = _folder.Write("out.jsonl", [.. Encoding.UTF8.GetBytes(Line(1)), .. new byte[200_000]]);
        Assert.Equal(200_000, ResultRepair.MendTail(path));
        Assert.Equal(Line(1), File.ReadAllText(path));
    }

    [Fact]
    public async Task Results_are_known_by_id_or_by_line_and_hash()
    {
        var input = new List<InputLine>();
        var requests = _folder.Write("in.jsonl", """
            {"url":"https://a.b/1"}
            {"url":"https://a.b/2","id":"two"}
            {"url":"https://a.b/3"}
            """);
        await foreach (var line in new LineSource().ReadAsync(requests, Cancellation))
            input.Add(line);
        var path = _folder.Write("out.jsonl", Line(1, hash: input[0].Hash) + Line(2, "two", ok: false, hash: input[1].Hash) + Line(9, "gone"));
        var index = await ResultIndex.ReadAsync(path, Cancellation);

        Assert.Equal(3, index.Entries.Count);
        Assert.Equal(ResultMatch.Done, index.Match(input[0], out var one));
        Assert.True(one.Ok);
        Assert.Equal(ResultMatch.Done, index.Match(input[1], out var two));
        Assert.Equal((false, JobStatus.Failed, FailureClass.Server), (two.Ok, two.Status, two.Class));
        Assert.Equal(ResultMatch.New, index.Match(input[2], out _));
        Assert.Equal(9, Assert.Single(index.Unmatched).Line);
    }

    [Fact]
    public async Task A_line_that_was_changed_is_noticed()
    {
        var path = _folder.Write("out.jsonl", Line(1, hash: 123) + Line(2, "two", hash: 123));
        var index = await ResultIndex.ReadAsync(path, Cancellation);
        Assert.Equal(ResultMatch.Changed, index.Match(new InputLine { Number = 2, Offset = 0, Hash = 124, Request = new JobRequest("https://a.b/") { Id = "two" } }, out var entry));
        Assert.Equal(2, entry.Line);
        Assert.Equal(ResultMatch.New, index.Match(new InputLine { Number = 1, Offset = 0, Hash = 124, Request = new JobRequest("https://a.b/") }, out _));
        Assert.Equal(1, Assert.Single(index.Unmatched).Line);
    }

    [Fact]
    public async Task What_the_writer_writes_is_what_is_read()
    {
        var path = _folder["out.jsonl"];
        await using (var writer = new ResultWriter(new FileSink(path), null, isOrdered: false, TimeProvider.System))
            for (var line = 1; line <= 3; line++)
                await writer.WriteAsync(ResultWriterTests.Record(line, status: 198 + line * 2), cancellation: Cancellation);
        var index = await ResultIndex.ReadAsync(path, Cancellation);
        Assert.Equal([1, 2, 3], index.Entries.Select(entry => entry.Line));
        Assert.Equal([1ul, 2, 3], index.Entries.Select(entry => entry.Hash));
        Assert.All(index.Entries, entry => Assert.True(entry.Ok && !entry.HasId && entry.Class == FailureClass.None));
    }

    [Fact]
    public async Task Of_several_results_of_a_line_the_last_one_counts_and_stays()
    {
        var path = _folder.Write("out.jsonl", Line(1, ok: false) + Line(2, "two", ok: false) + Line(3) + "\n" + Line(2, "two") + Line(1));
        var index = await ResultIndex.ReadAsync(path, Cancellation);
        Assert.Equal(2, index.Replaced);
        Assert.All(index.Entries, entry => Assert.True(entry.Ok));

        Assert.Equal(2, await ResultRepair.DropReplacedAsync(path, Cancellation));
        Assert.Equal(Line(3) + Line(2, "two") + Line(1), File.ReadAllText(path));
        Assert.Equal(0, await ResultRepair.DropReplacedAsync(path, Cancellation));
        Assert.False(File.Exists(path + ".new"));
    }

    [Fact]
    public async Task Results_behind_a_link_stay_behind_it()
    {
        var target = _folder.Write("target.jsonl", Line(1, ok: false) + Line(1));
        File.CreateSymbolicLink(_folder["link.jsonl"], target);
        await ResultRepair.DropReplacedAsync(_folder["link.jsonl"], Cancellation);
        Assert.Equal(Line(1), File.ReadAllText(target));
        Assert.Equal(target, new FileInfo(_folder["link.jsonl"]).LinkTarget);
    }

    [Theory]
    [InlineData("{\"a\":1}\n")]
    [InlineData("not json\n")]
    [InlineData("{\"request_id\":\"r\",\"status\":\"odd\",\"ok\":true}\n")]
    public async Task A_line_that_is_no_result_is_named(string line)
    {
        var path = _folder.Write("out.jsonl", Line(1) + line);
        var failure = await Assert.ThrowsAsync<InputException>(() => ResultIndex.ReadAsync(path, Cancellation));
        Assert.StartsWith($"{path}:2: not a result of a run", failure.Message);
    }

    [Fact]
    public async Task A_file_that_is_not_there_says_so()
    {
        await Assert.ThrowsAsync<InputException>(() => ResultIndex.ReadAsync(_folder["none"], Cancellation));
        Assert.Equal($"{_folder["none"]} does not exist", Assert.Throws<InputException>(() => ResultRepair.MendTail(_folder["none"])).Message);
    }

    private static string Line(int line, string? id = null, bool ok = true, ulong hash = 7)
    {
        using var buffer = new ResultBuffer();
        buffer.Encode(new ResultRecord
        {
            RequestId = $"#{line}:{hash:x16}",
            Id = id,
            Line = line,
            Outcome = JobOutcome.Of(ok ? 200 : 500, FailureClass.None),
            Result = new JobResult { StatusCode = 200, Content = "{\"ok\":false,\"line\":99}"u8.ToArray() },
        });
        return Encoding.UTF8.GetString(buffer.Written);
    }
}
