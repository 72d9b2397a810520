using System.Text;
using Headgate.Remote;

namespace Headgate.Tests.Remote;

public sealed class ServerEventsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Events_are_the_same_however_their_bytes_come(int together)
    {
        var bytes = Encoding.UTF8.GetBytes(": hello\nid: 6\n\nid: 7\nevent: a\ndata: ü\ndata:two\r\n\r\n:\n\nevent: none\n\rdata\n\nid: 8\ndata: x\r\r");
        var (events, parser) = (new List<ServerEvent>(), new ServerEvents());

        foreach (var some in bytes.Chunk(together))
            events.AddRange(parser.Take(some));

        Assert.Equal([new("a", "ü\ntwo", "7"), new("message", "", "7"), new("message", "x", "8")], events);
        Assert.Equal("8", parser.LastId);
    }

    [Fact]
    public void The_id_of_a_greeting_counts_though_it_has_no_data()
    {
        var parser = new ServerEvents();

        Assert.Empty(parser.Take(": events of jobs\nid: 41\n\n"u8));
        Assert.Equal("41", parser.LastId);
    }

    [Fact]
    public void An_event_without_an_end_does_not_fill_the_memory()
    {
        var (parser, piece) = (new ServerEvents(), new byte[64 * 1024]);

        Assert.Throws<InvalidDataException>(() =>
        {
            for (var times = 0; times < 100; times++)
                parser.Take(piece);
        });
    }
}
