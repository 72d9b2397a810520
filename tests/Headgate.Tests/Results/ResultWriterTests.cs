using System.Text;
using System.Text.Json;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Tests.Input;
using Headgate.Time;

namespace Headgate.Tests.Results;

public sealed class ResultWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_result_is_in_the_file_when_its_writing_ends()
    {
        var path = _folder.Write("out.jsonl", "{}\n");
        await using var writer = new ResultWriter(new FileSink(path), null, isOrdered: false, _time);
        for (var line = 1; line <= 3; line++)
        {
            await writer.WriteAsync(Record(line), cancellation: Cancellation);
            Assert.Equal(line + 1, File.ReadAllLines(path).Length);
        }
        Assert.Equal([1, 2, 3], Lines(path));
        await writer.CompleteAsync();
    }

    [Fact]
    public async Task Results_that_come_together_are_written_together()
    {
        var sink = new RecordingSink();
        sink.Gate.Reset();
        await using var writer = new ResultWriter(sink, null, isOrdered: false, _time);
        var first = writer.WriteAsync(Record(1), cancellation: Cancellation).AsTask();
        sink.Entered.Wait(Cancellation);
        var rest = Enumerable.Range(2, 100).Select(line => writer.WriteAsync(Record(line), cancellation: Cancellation).AsTask()).ToArray();
        Assert.DoesNotContain(rest.Append(first), task => task.IsCompleted);
        sink.Gate.Set();
        await Task.WhenAll(rest.Append(first));
        Assert.Equal(2, sink.Writes);
        Assert.Equal(Enumerable.Range(1, 101), sink.Lines());
    }

    [Fact]
    public async Task Many_writers_lose_nothing()
    {
        var path = _folder["out.jsonl"];
        await using (var writer = new ResultWriter(new FileSink(path), null, isOrdered: false, _time))
        {
            await Parallel.ForAsync(1, 5001, Cancellation, async (line, token) => await writer.WriteAsync(Record(line, body: line % 100 == 0 ? 100_000 : 10), cancellation: token));
            await writer.CompleteAsync();
        }
        Assert.Equal(Enumerable.Range(1, 5000), Lines(path).Order());
    }

    [Fact]
    public async Task With_order_results_go_out_in_the_order_of_their_lines()
    {
        var sink = new RecordingSink();
        await using var writer = new ResultWriter(sink, null, isOrdered: true, _time);
        foreach (var line in (int[])[2, 5, 9])
            writer.Announce(line);
        var last = writer.WriteAsync(Record(9), cancellation: Cancellation).AsTask();
        var middle = writer.WriteAsync(Record(5), cancellation: Cancellation).AsTask();
        Assert.False(middle.IsCompleted);
        await writer.WriteAsync(Record(2), cancellation: Cancellation);
        await Task.WhenAll(last, middle);
        Assert.Equal([2, 5, 9], sink.Lines());
    }

    [Fact]
    public async Task With_order_what_still_waits_goes_out_at_the_end()
    {
        var sink = new RecordingSink();
        await using var writer = new ResultWriter(sink, null, isOrdered: true, _time);
        foreach (var line in (int[])[1, 2, 3, 4])
            writer.Announce(line);
        var waiting = new[] { writer.WriteAsync(Record(4), cancellation: Cancellation).AsTask(), writer.WriteAsync(Record(2), cancellation: Cancellation).AsTask() };
        await writer.CompleteAsync();
        await Task.WhenAll(waiting);
        Assert.Equal([2, 4], sink.Lines());
    }

    [Fact]
    public async Task The_requests_of_failures_are_kept_as_they_came()
    {
        var (results, failed) = (new RecordingSink(), new RecordingSink());
        await using var writer = new ResultWriter(results, failed, isOrdered: false, _time);
        await writer.WriteAsync(Record(1), "{\"url\": 1}"u8.ToArray(), cancellation: Cancellation);
        await writer.WriteAsync(Record(2, status: 500), "{\"url\": 2}"u8.ToArray(), cancellation: Cancellation);
        await writer.WriteAsync(Record(3, status: 404), "{\"url\": 3}"u8.ToArray(), cancellation: Cancellation);
        await writer.WriteAsync(Record(4, status: 500), cancellation: Cancellation);
        Assert.Equal("{\"url\": 2}\n{\"url\": 3}\n", failed.Text());
        Assert.Equal([1, 2, 3, 4], results.Lines());
    }

    [Fact]
    public async Task A_full_disk_is_told_to_everyone_who_waits_and_to_all_who_come()
    {
        var sink = new RecordingSink();
        sink.Gate.Reset();
        await using var writer = new ResultWriter(sink, null, isOrdered: false, _time);
        var waiting = Enumerable.Range(1, 5).Select(line => writer.WriteAsync(Record(line), cancellation: Cancellation).AsTask()).ToArray();
        sink.Failure = new ResultWriteException("out.jsonl", new IOException("No space left on device"));
        sink.Gate.Set();
        foreach (var task in waiting)
            Assert.Equal("out.jsonl cannot be written: No space left on device", (await Assert.ThrowsAsync<ResultWriteException>(() => task)).Message);
        sink.Failure = null;
        await Assert.ThrowsAsync<ResultWriteException>(async () => await writer.WriteAsync(Record(6), cancellation: Cancellation));
        await Assert.ThrowsAsync<ResultWriteException>(writer.CompleteAsync);
        Assert.Equal("", sink.Text());
    }

    [Fact]
    public async Task The_disk_is_asked_to_keep_results_once_a_second_while_there_are_new_ones()
    {
        var sink = new RecordingSink();
        await using var writer = new ResultWriter(sink, null, isOrdered: false, _time);
        await writer.WriteAsync(Record(1), cancellation: Cancellation);
        await writer.WriteAsync(Record(2), cancellation: Cancellation);
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Equal(0, sink.Syncs);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await sink.Synced.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(5));
        await writer.WriteAsync(Record(3), cancellation: Cancellation);
        await writer.CompleteAsync();
        Assert.Equal(2, sink.Syncs);
    }

    [Fact]
    public async Task A_disk_that_is_full_is_named()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        await using var writer = new ResultWriter(new FileSink("/dev/full"), null, isOrdered: false, _time);
        var failure = await Assert.ThrowsAsync<ResultWriteException>(async () => await writer.WriteAsync(Record(1), cancellation: Cancellation));
        Assert.StartsWith("/dev/full cannot be written: No space left on device", failure.Message);
        Assert.Equal("/dev/full", failure.File);
    }

    [Fact]
    public void A_file_that_cannot_be_made_says_why() =>
        Assert.StartsWith($"{_folder["no/such/out.jsonl"]} cannot be written: ", Assert.Throws<ResultWriteException>(() => new FileSink(_folder["no/such/out.jsonl"])).Message);

    [Fact]
    public async Task Nothing_is_taken_once_it_is_closed()
    {
        await using var writer = new ResultWriter(new RecordingSink(), null, isOrdered: false, _time);
        await writer.CompleteAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writer.WriteAsync(Record(1), cancellation: Cancellation));
    }

    internal static ResultRecord Record(int line, int status = 200, int body = 10) => new()
    {
        RequestId = $"#{line}:{line:x16}",
        Line = line,
        Url = "https://a.b/",
        Method = "GET",
        Outcome = JobOutcome.Of(status, FailureClass.None),
        Result = new JobResult { StatusCode = status, Content = Encoding.UTF8.GetBytes(new string('x', body)) },
        Attempts = 1,
    };

    private static IEnumerable<int> Lines(string path) =>
        File.ReadLines(path).Select(line => JsonElement.Parse(line)).Where(json => json.TryGetProperty("line", out _)).Select(json => json.GetProperty("line").GetInt32());

    private sealed class RecordingSink : IByteSink
    {
        private readonly MemoryStream _written = new();

        public ManualResetEventSlim Gate { get; } = new(true);

        public ManualResetEventSlim Entered { get; } = new();

        public SemaphoreSlim Synced { get; } = new(0);

        public ResultWriteException? Failure { get; set; }

        public int Writes { get; private set; }

        public int Syncs { get; private set; }

        public void Write(ReadOnlySpan<byte> lines)
        {
            Entered.Set();
            Gate.Wait();
            if (Failure is not null)
                throw Failure;
            Writes++;
            lock (_written)
                _written.Write(lines);
        }

        public void Sync()
        {
            Syncs++;
            Synced.Release();
        }

        public string Text()
        {
            lock (_written)
                return Encoding.UTF8.GetString(_written.ToArray());
        }

        public IEnumerable<int> Lines() =>
            Text().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line).GetProperty("line").GetInt32());

        public void Dispose() { }
    }
}
