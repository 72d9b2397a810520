using System.Security.Cryptography;
using Headgate.App.Input;

namespace Headgate.Tests.Input;

public sealed class InputCheckTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_good_file_is_counted_and_hashed()
    {
        var path = _folder.Write("r.txt", "https://a.b/1\nhttp://c.d:8080/\n\n# x\nHTTPS://A.B:443/2?q\nhttps://a.b\n");
        var check = await Check(path);
        Assert.Equal(4, check.Requests);
        Assert.Equal(0, check.BadLines);
        Assert.Equal([new("https://a.b", 3), new("http://c.d:8080", 1)], check.Authorities);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), check.Hash);
        Assert.Equal(new FileInfo(path).Length, check.Bytes);
    }

    [Fact]
    public async Task A_packed_file_is_hashed_as_it_lies_on_the_disk()
    {
        var packed = TempFolder.Packed("https://a.b/1\n");
        var check = await Check(_folder.Write("r.txt.gz", packed));
        Assert.Equal(1, check.Requests);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(packed)), check.Hash);
    }

    [Fact]
    public async Task The_first_20_bad_lines_are_named_and_all_are_counted()
    {
        var path = _folder.Write("r.jsonl", "{\"url\":\"https://a.b/\"}\n" + string.Concat(Enumerable.Repeat("{\"url\":1}\n", 50)));
        var check = await Check(path);
        Assert.Equal(1, check.Requests);
        Assert.Equal(50, check.BadLines);
        Assert.Equal(20, check.Errors.Count);
        Assert.Equal($"{path}:2:8: url must be a string", check.Errors[0].ToString());
        Assert.Equal($"{path}:21:8: url must be a string", check.Errors[19].ToString());
    }

    [Fact]
    public async Task An_id_that_comes_again_is_a_bad_line()
    {
        var check = await Check(_folder.Write("r.jsonl", "{\"id\":\"1\",\"url\":\"https://a.b/\"}\n{\"id\":\"1\",\"url\":\"https://a.b/\"}\n"));
        Assert.Equal(1, check.BadLines);
    }

    [Fact]
    public async Task Many_authorities_are_counted_without_end_to_memory()
    {
        var path = _folder.Write("r.txt", string.Concat(Enumerable.Range(0, 10_500).Select(i => $"https://h{i}.b/\n")));
        var check = await Check(path);
        Assert.Equal(10_500, check.Requests);
        Assert.Equal(10_000, check.Authorities.Count);
        Assert.Equal(500, check.ElsewhereRequests);
    }

    [Fact]
    public async Task A_regular_file_can_be_read_twice()
    {
        await using var file = await InputFile.OpenAsync(_folder.Write("r.txt", "https://a.b/"), cancellation: TestContext.Current.CancellationToken);
        Assert.True(file.CanReadTwice);
    }

    private static Task<InputCheck> Check(string path) => InputCheck.ReadAsync(path, TestContext.Current.CancellationToken);
}
