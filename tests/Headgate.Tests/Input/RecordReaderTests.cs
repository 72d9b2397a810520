using System.Text;
using Headgate.App.Input;
using Headgate.Retries;

namespace Headgate.Tests.Input;

public sealed class RecordReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "1@0:a")]
    [InlineData("a\n", "1@0:a")]
    [InlineData("a\r\nb\n\nc", "1@0:a|2@3:b|3@5:|4@6:c")]
    [InlineData("\n\n", "1@0:|2@1:")]
    [InlineData("a\rb\r\n", "1@0:a\rb")]
    [InlineData("ü\n€\n", "1@0:ü|2@3:€")]
    public async Task Lines_are_cut_at_their_ends(string text, string expected) => Assert.Equal(expected, await Cut(text));

    [Theory]
    [InlineData("a,\"b\nc\",d\ne\n", "1@0:a,\"b\nc\",d|3@10:e")]
    [InlineData("\"a\"\"\n\",b\r\nc", "1@0:\"a\"\"\n\",b|3@10:c")]
    [InlineData("a\"b\nc\nd,\"e\"\n", "1@0:a\"b|2@4:c|3@6:d,\"e\"")]
    [InlineData("a,\"b\nc", "1@0:a,\"b\nc")]
    [InlineData("\"\"\n\"\"\"\"\nx", "1@0:\"\"|2@3:\"\"\"\"|3@8:x")]
    public async Task Quotes_hold_the_lines_of_a_record_together(string text, string expected) => Assert.Equal(expected, await Cut(text, quoted: true));

    [Fact]
    public async Task A_line_that_is_too_long_is_passed_over()
    {
        var text = "short\n" + new string('x', 100_000) + "\nnext\n" + new string('y', 65);
        Assert.Equal("1@0:short|2@6!|3@100007:next|4@100012!", await Cut(text, maxLength: 64));
    }

    [Fact]
    public async Task A_line_longer_than_the_buffer_arrives_whole()
    {
        var line = string.Concat(Enumerable.Range(0, 50_000).Select(i => i.ToString()));
        Assert.Equal($"1@0:a|2@2:{line}|3@{3 + line.Length}:b", await Cut($"a\n{line}\nb"));
    }

    [Fact]
    public async Task A_read_that_never_ends_can_be_left()
    {
        using var stop = new CancellationTokenSource();
        using var reader = new RecordReader(new Silent(), 100);
        var next = reader.MoveNextAsync(stop.Token).AsTask();
        Assert.False(next.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private static async Task<string> Cut(string text, bool quoted = false, int maxLength = 1_000_000)
    {
        // Every way of cutting the stream into reads must give the same records.
        string? first = null;
        foreach (var step in (int[])[int.MaxValue, 1, 2, 3, 7])
        {
            if (text.Length > 10_000 && step < 7)
                continue;
            using var reader = new RecordReader(new Steps(Encoding.UTF8.GetBytes(text), step == 7 ? 1000 : step), maxLength, quoted, bufferSize: 16);
            var found = new List<string>();
            while (await reader.MoveNextAsync(TestContext.Current.CancellationToken))
                found.Add($"{reader.Line}@{reader.Offset}" + (reader.IsTooLong ? "!" : $":{Encoding.UTF8.GetString(reader.Current.Span)}"));
            var records = string.Join('|', found);
            Assert.Equal(first ??= records, records);
        }
        return first!;
    }

    // A terminal where nobody types.
    private sealed class Silent : ReadingStream
    {
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(new TaskCompletionSource<int>().Task);
    }

    private sealed class Steps(byte[] bytes, int step) : ReadingStream
    {
        private readonly MemoryStream _bytes = new(bytes);

        public override int Read(byte[] buffer, int offset, int count) => _bytes.Read(buffer, offset, Math.Min(step, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(_bytes.Read(buffer.Span[..Math.Min(step, buffer.Length)]));
    }
}
