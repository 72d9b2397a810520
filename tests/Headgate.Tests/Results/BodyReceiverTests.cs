using Headgate.App.Results;
using Headgate.Tests.Input;

namespace Headgate.Tests.Results;

public sealed class BodyReceiverTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, 1L)]
    [InlineData(99_999, null)]
    [InlineData(100_000, null)]
    [InlineData(100_000, 100_000L)]
    [InlineData(100_000, 5L)]
    public async Task A_body_up_to_the_limit_is_kept_in_memory(int size, long? length)
    {
        var body = Bytes(size);
        var received = await new BodyReceiver(100_000, null).ReadAsync(new MemoryStream(body), length, "#1:ff", Cancellation);
        Assert.Equal(body, received.Bytes.ToArray());
        Assert.False(received.IsTooLarge);
        Assert.Null(received.File);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100_001L)]
    public async Task A_larger_one_is_refused_where_there_is_no_directory(long? length)
    {
        var received = await new BodyReceiver(100_000, null).ReadAsync(new MemoryStream(Bytes(100_001)), length, "#1:ff", Cancellation);
        Assert.True(received.IsTooLarge);
        Assert.Null(received.File);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(300_000L)]
    public async Task A_larger_one_goes_into_a_file_of_the_directory(long? length)
    {
        var body = Bytes(300_000);
        var received = await new BodyReceiver(100_000, _folder["bodies"]).ReadAsync(new MemoryStream(body), length, "#1:ff", Cancellation);
        Assert.Equal(Path.Combine(_folder["bodies"], "1-ff.body"), received.File);
        Assert.Equal(body, File.ReadAllBytes(received.File!));
        Assert.Single(Directory.GetFiles(_folder["bodies"]));
    }

    [Fact]
    public async Task A_name_cannot_leave_the_directory()
    {
        var received = await new BodyReceiver(1, _folder["bodies"]).ReadAsync(new MemoryStream(Bytes(10)), null, "../../x/y", Cancellation);
        Assert.Equal(Path.Combine(_folder["bodies"], "x-y.body"), received.File);
    }

    [Fact]
    public async Task A_connection_that_breaks_leaves_no_file_and_is_not_the_disks_fault()
    {
        var receiver = new BodyReceiver(10, _folder["bodies"]);
        var failure = await Assert.ThrowsAsync<HttpIOException>(async () => await receiver.ReadAsync(new Broken(), null, "1", Cancellation));
        Assert.Equal(HttpRequestError.ResponseEnded, failure.HttpRequestError);
        Assert.Empty(Directory.GetFiles(_folder["bodies"]));
    }

    [Theory]
    [InlineData(50, 51L)]
    [InlineData(300, 301L)]
    public async Task A_body_shorter_than_announced_has_broken_off(int size, long length)
    {
        var receiver = new BodyReceiver(100, _folder["bodies"]);
        var failure = await Assert.ThrowsAsync<HttpIOException>(async () => await receiver.ReadAsync(new MemoryStream(Bytes(size)), length, "1", Cancellation));
        Assert.Equal(HttpRequestError.ResponseEnded, failure.HttpRequestError);
        Assert.Empty(Directory.Exists(_folder["bodies"]) ? Directory.GetFiles(_folder["bodies"]) : []);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_ends_the_run()
    {
        var file = _folder.Write("file", "");
        await Assert.ThrowsAsync<ResultWriteException>(async () => await new BodyReceiver(1, file).ReadAsync(new MemoryStream(Bytes(10)), null, "1", Cancellation));
    }

    private static byte[] Bytes(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i * 31))];

    private sealed class Broken : Headgate.Retries.ReadingStream
    {
        private int _left = 100;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(_left, buffer.Length);
            _left -= count;
            return count > 0 ? ValueTask.FromResult(count) : throw new HttpIOException(HttpRequestError.ResponseEnded);
        }
    }
}
