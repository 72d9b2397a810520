using System.Text;
using Headgate.Connections;

namespace Headgate.Tests.Connections;

public sealed class InterimReaderTests
{
    private const string Hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n";
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\nHTTP/1.1 103 This is the body\r\n\r\n";

    private readonly List<InterimAnswer> _told = [];

    [Fact]
    public void What_is_said_before_the_answer_is_told_in_order_with_its_fields_as_they_came()
    {
        Read($"HTTP/1.1 102 Processing\r\n\r\n{Hints}{Answer}");

        Assert.Equal([102, 103], _told.Select(answer => answer.Status));
        Assert.Empty(_told[0].Fields);
        Assert.Equal([new("Link", "</a.css>; rel=preload"), new("Link", "</b.js>; rel=preload")], _told[1].Fields);
    }

    [Fact]
    public void It_does_not_matter_how_the_bytes_are_cut()
    {
        var text = $"HTTP/1.1 100 Continue\r\n\r\n{Hints}HTTP/1.0 199\nA: b\n\n{Answer}";
        for (var first = 0; first < text.Length; first++)
            for (var second = first; second < text.Length; second += 7)
            {
                _told.Clear();
                Read(text[..first], text[first..second], text[second..]);
                Assert.Equal([100, 103, 199], _told.Select(answer => answer.Status));
                Assert.Equal(2, _told[1].Fields.Count);
            }
        _told.Clear();
        Read([.. text.Select(letter => letter.ToString())]);
        Assert.Equal([100, 103, 199], _told.Select(answer => answer.Status));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")]
    [InlineData("HTTP/1.1  103 Early Hints\r\n\r\n")]
    [InlineData("HTTP/2.0 103 Early Hints\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 103 Early Hints\r\n\r\n")]
    [InlineData("HTTP/1.1 1O3 Early Hints\r\n\r\n")]
    [InlineData("HTTP/1.1 10")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: x\r\n")]
    public void Whatever_begins_otherwise_is_none_and_ends_nothing(string text)
    {
        Read(text);
        Assert.Empty(_told);
    }

    [Fact]
    public void Lines_that_are_no_fields_are_left_out()
    {
        Read("HTTP/1.1 103 x\r\nno colon\r\n: no name\r\na b: no token\r\n folded: x\r\nGood:\t fine \r\nOdd: a\rb\r\n\r\n");

        Assert.Equal([new("Good", "fine"), new("Odd", "a\rb")], Assert.Single(_told).Fields);
    }

    [Fact]
    public void A_head_that_never_ends_is_held_no_longer_than_a_head_may_be()
    {
        var reader = new InterimReader(_told.Add);
        reader.Read("HTTP/1.1 103 x\r\nA: "u8);
        var piece = new byte[1024];
        piece.AsSpan().Fill((byte)'a');
        for (var sent = 0; sent < 63; sent++)
            reader.Read(piece);
        Assert.False(reader.IsOver);
        reader.Read(piece);

        Assert.True(reader.IsOver);
        reader.Read("\r\n\r\nHTTP/1.1 103 x\r\n\r\n"u8);
        Assert.Empty(_told);
    }

    [Fact]
    public void When_the_answer_begins_nobody_is_held_on_to()
    {
        var reader = new InterimReader(_told.Add);
        reader.Read(Encoding.Latin1.GetBytes(Hints + Answer));

        Assert.True(reader.IsOver);
        Assert.Single(_told);
    }

    private void Read(params string[] pieces)
    {
        var reader = new InterimReader(_told.Add);
        foreach (var piece in pieces)
            reader.Read(Encoding.Latin1.GetBytes(piece));
    }
}
