using System.Net.Http.Json;
using System.Text;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class ReplayableContentTests
{
    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    private static async Task<byte[]> SendAsync(HttpContent body)
    {
        using var wire = new MemoryStream();
        await body.CopyToAsync(wire);
        return wire.ToArray();
    }

    private static async Task CanBeSentTwice(HttpContent body, byte[] bytes)
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(ReplayableContent.WhySpent(body));
            Assert.Equal(bytes, await SendAsync(body));
        }
    }

    [Fact]
    public void What_is_in_memory_is_used_as_it_is()
    {
        foreach (var body in (HttpContent[])[new ByteArrayContent([1]), new ReadOnlyMemoryContent(new byte[1]), new StringContent("x"), new FormUrlEncodedContent([]), JsonContent.Create(1)])
            Assert.Same(body, ReplayableContent.For(body));
        var parts = new MultipartFormDataContent { { new StringContent("x"), "a" }, { new ByteArrayContent([1]), "b" } };
        Assert.Same(parts, ReplayableContent.For(parts));
        var wrapped = ReplayableContent.For(new StreamContent(new MemoryStream()));
        Assert.Same(wrapped, ReplayableContent.For(wrapped));
        Assert.Null(ReplayableContent.WhySpent(null));
    }

    [Fact]
    public async Task A_stream_that_can_be_rewound_goes_back_to_where_it_began()
    {
        using var stream = new MemoryStream(Bytes(3_000_000)) { Position = 1000 };
        var body = ReplayableContent.For(new StreamContent(stream));
        Assert.Equal(2_999_000, body.Headers.ContentLength);
        await CanBeSentTwice(body, Bytes(3_000_000)[1000..]);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(200_000), InlineData(ReplayableContent.BufferLimit)]
    public async Task A_stream_that_cannot_be_rewound_is_kept_up_to_a_mebibyte(int length)
    {
        var body = ReplayableContent.For(new StreamContent(new OneWay(Bytes(length))));
        Assert.Null(body.Headers.ContentLength);
        await CanBeSentTwice(body, Bytes(length));
    }

    [Fact]
    public async Task A_larger_one_is_sent_once_and_says_why_not_again()
    {
        var body = ReplayableContent.For(new StreamContent(new OneWay(Bytes(ReplayableContent.BufferLimit + 1))));
        Assert.Null(ReplayableContent.WhySpent(body));
        Assert.Equal(Bytes(ReplayableContent.BufferLimit + 1), await SendAsync(body));
        Assert.Equal("its body is a stream larger than 1 MiB, which can be sent only once", ReplayableContent.WhySpent(body));
        Assert.Equal("its body is a stream larger than 1 MiB, which can be sent only once", (await Assert.ThrowsAsync<BodyUnreadableException>(() => SendAsync(body))).Message);
    }

    [Fact]
    public async Task Headers_and_a_length_given_by_hand_are_kept()
    {
        var source = new StreamContent(new OneWay(Bytes(5)));
        source.Headers.TryAddWithoutValidation("Content-Type", "text/weird;;");
        source.Headers.ContentLength = 5;
        var body = ReplayableContent.For(source);
        Assert.Equal("text/weird;;", body.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal(5, body.Headers.ContentLength);
        await CanBeSentTwice(body, Bytes(5));
    }

    [Fact]
    public async Task Parts_of_any_kind_are_sent_again_together()
    {
        var seekable = new MultipartContent("mixed", "b") { new StringContent("x"), new StreamContent(new MemoryStream(Bytes(10))) };
        await CanBeSentTwice(ReplayableContent.For(seekable), await SendAsync(seekable));
        MultipartContent Mixed() => new("mixed", "b") { new StringContent("x"), new StreamContent(new OneWay(Bytes(10))) };
        await CanBeSentTwice(ReplayableContent.For(Mixed()), await SendAsync(Mixed()));
    }

    [Fact]
    public async Task A_body_that_writes_itself_is_whole_before_a_byte_of_it_leaves()
    {
        var wire = new BrokenWire(0);
        var body = ReplayableContent.For(new Pushed(async stream => await stream.WriteAsync(Bytes(1000))));
        await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(wire));
        await CanBeSentTwice(body, Bytes(1000));
    }

    [Fact]
    public async Task A_body_that_flushes_gets_its_bytes_out_at_once_and_is_kept_all_the_same()
    {
        using var wire = new MemoryStream();
        var seen = new List<long>();
        var body = ReplayableContent.For(new Pushed(async stream =>
        {
            await stream.WriteAsync("one"u8.ToArray());
            seen.Add(wire.Length);
            await stream.FlushAsync();
            seen.Add(wire.Length);
            await stream.WriteAsync("two"u8.ToArray());
            seen.Add(wire.Length);
        }));
        await body.CopyToAsync(wire);
        Assert.Equal([0, 3, 6], seen);
        await CanBeSentTwice(body, "onetwo"u8.ToArray());
    }

    [Fact]
    public async Task A_body_that_writes_synchronously_works()
    {
        var body = ReplayableContent.For(new Pushed(stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true);
            writer.Write("hello");
            writer.Flush();
            return Task.CompletedTask;
        }));
        await CanBeSentTwice(body, "hello"u8.ToArray());
    }

    [Fact]
    public async Task A_large_body_that_is_cut_short_by_the_connection_cannot_be_sent_again_and_the_connection_is_blamed()
    {
        var body = ReplayableContent.For(new StreamContent(new OneWay(Bytes(2_000_000))));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(new BrokenWire(1_500_000)));
        Assert.Equal(FailureClass.Network, FailureReader.Classify(failure, sent: true, CancellationReason.None).Class);
        Assert.Equal("its body can be read only once, and that was cut short", ReplayableContent.WhySpent(body));
    }

    [Fact]
    public async Task A_seekable_body_that_is_cut_short_can_be_sent_again()
    {
        var body = ReplayableContent.For(new StreamContent(new MemoryStream(Bytes(2_000_000))));
        await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(new BrokenWire(1_500_000)));
        await CanBeSentTwice(body, Bytes(2_000_000));
    }

    [Fact]
    public async Task A_source_that_fails_is_an_invalid_request_and_not_a_failure_of_the_network()
    {
        var body = ReplayableContent.For(new Pushed(_ => throw new IOException("the tape is torn")));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => SendAsync(body));
        var outcome = FailureReader.Classify(failure, sent: true, CancellationReason.None);
        Assert.Equal((FailureClass.Invalid, "its body cannot be read: the tape is torn"), (outcome.Class, outcome.Detail));
    }

    [Fact]
    public async Task Two_attempts_at_once_take_turns()
    {
        var body = ReplayableContent.For(new StreamContent(new Slow(Bytes(300_000))));
        var sent = await Task.WhenAll(SendAsync(body), SendAsync(body), SendAsync(body));
        Assert.All(sent, bytes => Assert.Equal(Bytes(300_000), bytes));
    }

    [Fact]
    public async Task A_file_is_opened_anew_for_each_attempt()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Bytes(200_000));
            var body = new FileContent(path);
            Assert.Same(body, ReplayableContent.For(body));
            Assert.Equal(200_000, body.Headers.ContentLength);
            await CanBeSentTwice(body, Bytes(200_000));
            File.AppendAllText(path, "more");
            Assert.Equal(200_000, (await SendAsync(body)).Length);
            File.WriteAllBytes(path, Bytes(10));
            Assert.Equal("its body cannot be read: the file has become shorter", (await Assert.ThrowsAsync<BodyUnreadableException>(() => SendAsync(body))).Message);
        }
        finally
        {
            File.Delete(path);
        }
        Assert.StartsWith("its body cannot be read: Could not find file", Assert.Throws<BodyUnreadableException>(() => new FileContent(path)).Message);
    }

    [Fact]
    public void An_attempt_that_is_disposed_leaves_the_body_alone()
    {
        var body = new StringContent("x");
        new AttemptMessage(HttpMethod.Post, new Uri("http://example.com/"), new NoWitness()) { Content = body }.Dispose();
        Assert.Equal("x", new StreamReader(body.ReadAsStream()).ReadToEnd());
    }

    private sealed class NoWitness : ISendWitness
    {
        public void BeforeFirstByte() { }
    }

    private sealed class Pushed(Func<Stream, Task> write) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private sealed class Slow(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return await base.ReadAsync(buffer, cancellationToken);
        }

        // The shortcut of MemoryStream would not go through ReadAsync.
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[1000];
            for (int read; (read = await ReadAsync(buffer, cancellationToken)) > 0;)
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    /// <summary>A connection that breaks after some bytes.</summary>
    private sealed class BrokenWire(int after) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Length + buffer.Length > after ? throw new IOException("broken pipe") : base.WriteAsync(buffer, cancellationToken);
    }
}
