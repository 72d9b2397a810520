using Headgate.App.Service;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Service;

public sealed class JsonTests
{
    [Fact]
    public async Task A_long_answer_leaves_while_it_is_written()
    {
        var context = new DefaultHttpContext();
        using var body = context.Response.Body = new MemoryStream();
        await using var json = Json.LongWriter(context.Response);
        json.WriteStartArray();
        for (var part = 0; part < 1_000; part++)
        {
            json.WriteStringValue(new string('x', 10_000));
            await Json.PassAsync(json, CancellationToken.None);
            Assert.InRange(part * 10_000L - body.Length, long.MinValue, 64 << 10);
        }
    }

    [Fact]
    public async Task A_long_answer_waits_for_a_caller_who_is_slow_to_read()
    {
        var (context, slow) = (new DefaultHttpContext(), new SlowReader());
        context.Response.Body = slow;
        var json = Json.LongWriter(context.Response);
        json.WriteStringValue(new string('x', 100_000));
        var passed = Json.PassAsync(json, CancellationToken.None);
        Assert.False(passed.IsCompleted);
        slow.Reads.SetResult();
        await passed;
        await json.DisposeAsync();
    }

    private sealed class SlowReader : MemoryStream
    {
        public TaskCompletionSource Reads { get; } = new();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await Reads.Task;
    }
}
