using System.Net;
using System.Text.Json;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Tests.Input;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Security;

public sealed class AuditLogTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<string> _notices = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_line_says_who_did_what_to_what_when_and_from_where()
    {
        var audit = Log("data/audit.log");
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("::ffff:203.0.113.1");
        context.Features.Set(new Caller("ci", AccessScopes.Submit, null));

        audit.Write(context, "job.cancel", "id\"1\n");
        audit.WriteLocal("token.add", "web", ("scopes", "read"));

        var lines = File.ReadAllLines(_folder["data/audit.log"]).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["ci", "203.0.113.1", "job.cancel", "id\"1\n", "2026-01-01T00:00:00Z"], ((string[])["who", "from", "action", "subject", "at"]).Select(name => lines[0].GetProperty(name).GetString()));
        Assert.Equal(["this machine", "token.add", "web", "read"], ((string[])["from", "action", "subject", "scopes"]).Select(name => lines[1].GetProperty(name).GetString()));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["data/audit.log"]));
    }

    [Fact]
    public void A_line_that_was_cut_off_takes_no_other_with_it()
    {
        _folder.Write("audit.log", "{\"at\":\"2025");

        Log("audit.log").WriteLocal("token.remove", "web");

        var lines = File.ReadAllLines(_folder["audit.log"]);
        Assert.Equal(2, lines.Length);
        Assert.Contains("token.remove", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_who_write_at_once_lose_no_line()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            // Each as another process would.
            var audit = Log("audit.log");
            for (var number = 0; number < 50; number++)
                audit.WriteLocal("token.add", $"{writer}-{number}");
        })));

        var subjects = File.ReadAllLines(_folder["audit.log"]).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("subject").GetString()).ToList();
        Assert.Equal(400, subjects.Count);
        Assert.Equal(400, subjects.Distinct().Count());
    }

    [Fact]
    public void That_it_cannot_be_written_is_told_once_until_it_can()
    {
        Directory.CreateDirectory(_folder["audit.log"]);
        var audit = Log("audit.log");

        audit.WriteLocal("a.b", "1");
        audit.WriteLocal("a.b", "2");
        Assert.Single(_notices);

        Directory.Delete(_folder["audit.log"]);
        audit.WriteLocal("a.b", "3");
        Assert.Single(_notices);
        Assert.Contains("\"3\"", File.ReadAllText(_folder["audit.log"]), StringComparison.Ordinal);
    }

    private AuditLog Log(string path) => new(_folder[path], new VirtualTime(), _notices.Add);
}
