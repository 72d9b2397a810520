using System.Text;
using Headgate.Connections;

namespace Headgate.Tests.Connections;

public sealed class Http1StreamTests
{
    private const string Old = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Marked = "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(1000)]
    [InlineData(34)]
    [InlineData(18)]
    [InlineData(17)]
    public async Task An_answer_of_HTTP_1_0_says_that_its_connection_ends(int room)
    {
        // Found: such servers close after each answer, and what was sent next was lost with the connection.
        await using var stream = new Http1Stream(new Answers(Old));
        await stream.WriteAsync(Request);

        Assert.Equal(Marked, await ReadAsync(stream, room));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nHTTP/1.0 200 OK\r\n")]
    [InlineData("HTTP/1.0")]
    [InlineData("HTTP/1.0 200 without an end")]
    [InlineData("HTTP/2")]
    [InlineData("")]
    public async Task Whatever_else_comes_is_as_it_came(string answer)
    {
        await using var stream = new Http1Stream(new Answers(answer));
        await stream.WriteAsync(Request);

        Assert.Equal(answer, await ReadAsync(stream, 1000));
    }

    [Fact]
    public async Task Each_answer_is_looked_at_when_it_begins_and_bodies_are_not()
    {
        var answers = new Answers("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", "HTTP/1.0 200 OK\r\n", Old);
        await using var stream = new Http1Stream(answers);
        var buffer = new byte[1000];
        await stream.WriteAsync(Request);
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal(39, await stream.ReadAsync(buffer));
        Assert.Equal("HTTP/1.0 200 OK\r\n", Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        stream.Write(Request);

        Assert.Equal(Marked, Encoding.ASCII.GetString(buffer, 0, stream.Read(buffer)));
    }

    [Fact]
    public async Task It_does_not_matter_how_the_first_line_is_cut()
    {
        for (var first = 0; first < Old.Length; first++)
            foreach (var room in (int[])[1000, 7])
            {
                await using var stream = new Http1Stream(new Answers([Old[..first], .. Old[first..].Chunk(5).Select(piece => new string(piece))]));
                await stream.WriteAsync(Request);
                Assert.Equal(Marked, await ReadAsync(stream, room));
            }
    }

    [Fact]
    public async Task What_is_written_after_the_answer_has_begun_begins_none()
    {
        // Found: of a body that was answered while it came, what looked like a first line was changed.
        await using var stream = new Http1Stream(new Answers("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 is what the body says\n"));
        var buffer = new byte[1000];
        await stream.WriteAsync(Request);
        Assert.Equal(19, await stream.ReadAsync(buffer));
        await stream.WriteAsync("HTTP/1.0 is what the body says\n"u8.ToArray());

        Assert.Equal("HTTP/1.0 is what the body says\n", await ReadAsync(stream, 1000));
    }

    private static byte[] Request => "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray();

    private static async Task<string> ReadAsync(Stream stream, int room)
    {
        var (text, buffer) = (new StringBuilder(), new byte[room]);
        for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return text.ToString();
    }

    /// <summary>A server that says this and that, as much as there is room for at a time.</summary>
    private sealed class Answers(params string[] pieces) : MemoryStream
    {
        private readonly Queue<byte[]> _left = new(pieces.Where(piece => piece.Length > 0).Select(Encoding.ASCII.GetBytes));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.IsEmpty ? 0 : Read(buffer.Span));

        public override int Read(Span<byte> buffer)
        {
            if (!_left.TryPeek(out var piece))
                return 0;
            var count = Math.Min(buffer.Length, piece.Length);
            piece.AsSpan(0, count).CopyTo(buffer);
            _left.Dequeue();
            if (count < piece.Length)
            {
                byte[][] rest = [piece[count..], .. _left];
                _left.Clear();
                foreach (var each in rest)
                    _left.Enqueue(each);
            }
            return count;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
    }
}
