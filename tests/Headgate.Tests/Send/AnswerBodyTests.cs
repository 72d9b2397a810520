using System.Net;
using Headgate.App.CommandLine;
using Headgate.App.Send;

namespace Headgate.Tests.Send;

public sealed class AnswerBodyTests
{
    private readonly MemoryStream _output = new();

    [Fact]
    public async Task What_fits_is_kept_until_it_is_whole_so_that_another_attempt_can_begin_anew()
    {
        var body = new AnswerBody(_output, keep: 10, CancellationToken.None);
        await Assert.ThrowsAsync<IOException>(async () => await body.ReceiveAsync(Answer(new Broken("12345"u8.ToArray())), Cancellation));
        Assert.Equal((0, true), (_output.Length, body.EndsLine));

        await body.ReceiveAsync(Answer(new MemoryStream("1234567890"u8.ToArray())), Cancellation);
        Assert.Equal(0, _output.Length);
        Assert.Equal("1234567890"u8.ToArray(), body.Kept.ToArray());
        body.Pour();
        Assert.Equal("1234567890"u8.ToArray(), _output.ToArray());
        Assert.Equal((10, false), (body.Written, body.EndsLine));
    }

    [Fact]
    public async Task What_is_larger_pours_through_and_breaks_off_for_good()
    {
        var body = new AnswerBody(_output, keep: 4, CancellationToken.None);
        var broken = await Assert.ThrowsAsync<HeadgateException>(async () => await body.ReceiveAsync(Answer(new Broken("12345\n"u8.ToArray())), Cancellation));

        Assert.Equal((FailureClass.Network, "the answer broke off after 6 bytes, which are on standard output already"), (broken.FailureClass, broken.Message));
        Assert.Equal("12345\n"u8.ToArray(), _output.ToArray());
        Assert.True(body.EndsLine);
        Assert.Equal(0, body.Kept.Length);
    }

    [Fact]
    public async Task Events_pour_through_as_they_come()
    {
        var body = new AnswerBody(_output, keep: 1000, CancellationToken.None);
        await Assert.ThrowsAsync<HeadgateException>(async () => await body.ReceiveAsync(Answer(new Broken("data: 1\n\n"u8.ToArray()), "text/event-stream"), Cancellation));
        Assert.Equal("data: 1\n\n"u8.ToArray(), _output.ToArray());
    }

    [Fact]
    public async Task Who_gives_up_while_it_pours_is_not_told_of_a_broken_answer()
    {
        using var stop = new CancellationTokenSource();
        var body = new AnswerBody(_output, keep: 0, stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await body.ReceiveAsync(Answer(new Broken("1"u8.ToArray(), stop.Cancel)), stop.Token));
    }

    [Fact]
    public async Task A_full_disk_is_no_fault_of_the_answer()
    {
        var body = new AnswerBody(new Broken([]), keep: 0, CancellationToken.None);
        var full = await Assert.ThrowsAsync<CommandException>(async () => await body.ReceiveAsync(Answer(new MemoryStream([1])), Cancellation));
        Assert.Equal((ExitCode.Disk, "standard output cannot be written: broken"), (full.Code, full.Message));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static HttpResponseMessage Answer(Stream body, string? type = null)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body) };
        if (type is not null)
            answer.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return answer;
    }

    /// <summary>Gives its bytes and then fails; takes none.</summary>
    private sealed class Broken(byte[] bytes, Action? before = null) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length)
                return await base.ReadAsync(buffer, cancellationToken);
            before?.Invoke();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException("broken");
        }

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("broken");
    }
}
