using System.Text;
using Headgate.App.Input;

namespace Headgate.Tests.Input;

public sealed class CsvTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Columns_are_members_headers_params_and_context()
    {
        var request = (await Read("""
            id,URL,method,header.X-A,param.q,priority,timeout,retries,tags,cost,expect,headers,note,"city, country"
            a,https://a.b/,post,1,x y,high,5s,0,"one, two","{""tokens"":5}","{""status"":[404]}","{""X-B"":[""1"",""2""]}","say ""hi""
            twice",Köln
            """))[0].Request!;
        Assert.Equal("a", request.Id);
        Assert.Equal("POST", request.Method);
        Assert.Equal([new("x-a", "1"), new("X-B", "1"), new("X-B", "2")], request.Headers);
        Assert.Equal([new("q", "x y")], request.Params);
        Assert.Equal(RequestPriority.High, request.Priority);
        Assert.Equal(TimeSpan.FromSeconds(5), request.Timeout);
        Assert.Equal(0, request.Retries);
        Assert.Equal(["one", "two"], request.Tags);
        Assert.Equal(5, request.Cost["tokens"]);
        Assert.Equal([404], request.ExpectStatuses);
        Assert.Equal("""{"note":"say \"hi\"\ntwice","city, country":"Köln"}""", Encoding.UTF8.GetString(request.RawContext.Span));
    }

    [Fact]
    public async Task An_empty_cell_is_as_if_it_were_not_there()
    {
        var request = (await Read("url,id,retries,header.X,param.q,data,note\nhttps://a.b/,,,,,,\n"))[0].Request!;
        Assert.Null(request.Id);
        Assert.Null(request.Retries);
        Assert.Null(request.Body);
        Assert.Empty(request.Headers);
        Assert.Empty(request.Params);
        Assert.Equal("""{"note":""}""", Encoding.UTF8.GetString(request.RawContext.Span));
    }

    [Theory]
    [InlineData("\"{\"\"a\"\":1}\"", """{"a":1}""", null)]
    [InlineData("plain text", null, "plain text")]
    public async Task Data_is_json_where_it_looks_like_it(string cell, string? data, string? body)
    {
        var request = (await Read($"url,data\nhttps://a.b/,{cell}"))[0].Request!;
        Assert.Equal(data ?? "", Encoding.UTF8.GetString(request.RawData.Span));
        Assert.Equal(body, request.Body is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null);
    }

    [Fact]
    public async Task A_context_column_and_others_are_echoed_together() =>
        Assert.Equal("""{"n":"1","a":{"b":2}}""", Encoding.UTF8.GetString((await Read("url,context,n\nhttps://a.b/,\"{\"\"a\"\":{\"\"b\"\":2}}\",1"))[0].Request!.RawContext.Span));

    [Theory]
    [InlineData("url,id\nhttps://a.b/\n", "2:1: 1 values where the header names 2 columns")]
    [InlineData("url\nhttps://a.b/,x\n", "2:1: 2 values where the header names 1 columns")]
    [InlineData("id,url\na,ftp://a\n", "2:3: url must begin with http:// or https://, not \"ftp://\"")]
    [InlineData("id,url\na,\n", "2:1: url is empty")]
    [InlineData("note,retries,url\n\"two\nlines\",x,https://a.b/\n", "3:8: retries must be a whole number from 0 to 1000, not \"x\"")]
    [InlineData("url,id\nhttps://a.b/,a\"b\n", "2:15: a quote inside a value: put the whole value into quotes and double those inside it")]
    [InlineData("url,id\nhttps://a.b/,\"a\"b\n", "2:17: text after the closing quote: double the quotes inside a value")]
    [InlineData("url,id\nhttps://a.b/,\"ab\n", "2:14: the quote that is opened here is never closed")]
    [InlineData("url,cost\nhttps://a.b/,{x}\n", "2:14: cost: not valid JSON: 'x' is an invalid start of a property name. Expected a '\"'")]
    [InlineData("url,cost\nhttps://a.b/,{} {}\n", "2:14: cost: not valid JSON: '{' is invalid after a single JSON value. Expected end of data")]
    [InlineData("url,header.X\nhttps://a.b/,\"a\nb\"\n", "2:14: the value of header x has a control character (U+000A), which could begin another header")]
    [InlineData("url,context,n\nhttps://a.b/,7,1\n", "2:1: context must be a JSON object where other columns are echoed too")]
    [InlineData("id,address\n1,https://a.b/\n", "1:1: no column \"url\": the first line must name the columns, and it names \"id\", \"address\"")]
    [InlineData("id;url\n1;https://a.b/\n", "1:1: no column \"url\": the columns are separated by semicolons, where only commas are read")]
    [InlineData("url,,id\n", "1:5: a column has no name")]
    [InlineData("url,id,custom_id\n", "1:8: column \"id\" is there twice")]
    [InlineData("url,header.X,header.x\n", "1:14: column \"x\" is there twice")]
    [InlineData("url,header.Content-Length\n", "1:5: header Content-Length cannot be set by hand: it is counted from the body")]
    public async Task A_fault_is_named_with_its_place(string text, string expected)
    {
        var lines = await Read(text);
        Assert.Equal($"{_folder["r.csv"]}:{expected}", Assert.Single(lines).Error!.ToString());
    }

    [Fact]
    public async Task A_stray_quote_spoils_its_own_row_only()
    {
        var lines = await Read("url,note\nhttps://a.b/,5\" pipe\nhttps://a.b/,ok\nhttps://a.b/,6\" pipe\n");
        Assert.Equal([false, true, false], lines.Select(line => line.Error is null));
    }

    [Fact]
    public async Task Rows_under_other_column_names_are_other_requests()
    {
        var one = await Read("url,a\nhttps://a.b/,1");
        var two = await Read("url,b\nhttps://a.b/,1");
        Assert.NotEqual(one[0].Hash, two[0].Hash);
    }

    [Fact]
    public async Task Windows_line_ends_a_mark_and_blank_rows_are_no_matter()
    {
        var lines = await Read("\uFEFFurl,id\r\n\r\nhttps://a.b/,1\r\n\r\nhttps://a.b/,\"2\"\r\n\r\n");
        Assert.Equal([3, 5], lines.Select(line => line.Number));
        Assert.Equal(["1", "2"], lines.Select(line => line.Key));
    }

    private async Task<List<InputLine>> Read(string text)
    {
        var lines = new List<InputLine>();
        await foreach (var line in new LineSource().ReadAsync(_folder.Write("r.csv", text), TestContext.Current.CancellationToken))
            lines.Add(line);
        return lines;
    }
}
