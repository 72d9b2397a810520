using System.Text;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class PeekedContentTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(10, true)]
    [InlineData(20_000, true)]
    [InlineData(100_000, false)]
    public async Task Whoever_reads_a_body_that_was_looked_into_gets_all_of_it(int length, bool isWhole)
    {
        var body = Enumerable.Range(0, length).Select(n => (byte)n).ToArray();
        using var answer = new HttpResponseMessage { Content = new StreamContent(new Slow(body)) };
        answer.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json;charset=utf-8");

        var (begun, whole) = await PeekedContent.ReadAsync(answer, 30_000, CancellationToken.None);

        Assert.Equal(isWhole, whole);
        Assert.Equal(body[..begun.Length], begun.ToArray());
        Assert.Equal("application/json;charset=utf-8", answer.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task The_rest_of_it_can_be_given_up()
    {
        using var answer = new HttpResponseMessage { Content = new StreamContent(new Slow(new byte[10_000], hangs: true)) };
        await PeekedContent.ReadAsync(answer, 100, CancellationToken.None);
        using var caller = new CancellationTokenSource();
        var reading = answer.Content.CopyToAsync(Stream.Null, caller.Token);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_stream_that_is_disposed_lets_go_of_what_is_behind_it()
    {
        var behind = new Slow(Encoding.UTF8.GetBytes("body"));
        using var answer = new HttpResponseMessage { Content = new StreamContent(behind) };
        await PeekedContent.ReadAsync(answer, 100, CancellationToken.None);

        await (await answer.Content.ReadAsStreamAsync()).DisposeAsync();

        Assert.False(behind.CanRead);
    }

    /// <summary>A body that comes in small pieces, and perhaps never ends.</summary>
    private sealed class Slow(byte[] body, bool hangs = false) : MemoryStream(body)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (hangs && Position >= 5_000)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Read(buffer.Span[..Math.Min(buffer.Length, 1_000)]);
        }
    }
}
